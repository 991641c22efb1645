select setval('below', 7), setval('beyond', 70), setval('inside', 7), setval('falling', -70), setval('elsewhere', 7),
  setval('narrow', 70000);
