create type "Größe" as enum ('klein', 'groß');
create table kleider (größe "Größe", unique (größe));
