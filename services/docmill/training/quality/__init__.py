"""Rules of the quality gate, one concern a file: each looks at a subject and tells its findings."""
