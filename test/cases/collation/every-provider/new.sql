create collation plain (provider = libc, locale = 'C');
create collation mixed (provider = libc, lc_collate = 'C', lc_ctype = 'POSIX');
create collation "Loose" (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
