create default conversion a for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
create conversion b for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
