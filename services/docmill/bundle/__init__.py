"""A trained model as a folder: what is in it, how it is checked, loaded and saved."""
