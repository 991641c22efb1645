insert into t values ('[a,c]', '[a,c]', '{[a,c]}');
