"""The fallback's second opinion: a language model behind any OpenAI-compatible endpoint, believed in nothing unchecked."""
