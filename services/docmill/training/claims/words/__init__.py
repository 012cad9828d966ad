"""Our own words: names, streets, narratives and phrases, as TOML. Nothing in them is a real person or company."""
