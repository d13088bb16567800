// Holds the module's place until its first test.
