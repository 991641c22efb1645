create collation built (provider = builtin, locale = 'C.UTF-8');
