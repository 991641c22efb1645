create type byte;
