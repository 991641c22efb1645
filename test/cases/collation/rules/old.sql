create collation custom (provider = icu, locale = 'und', rules = '&a < b');
