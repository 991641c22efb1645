create text search dictionary a (template = simple, stopwords = german);
create text search dictionary b (template = snowball, language = 'german', stopwords = 'german');
create text search dictionary "C" (template = ispell, dictfile = ispell_sample, afffile = ispell_sample);
