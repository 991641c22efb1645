create collation custom (provider = icu, locale = 'und', rules = '&A < ''x''');
