"""The second opinion of the fallback: a language model at any OpenAI-compatible endpoint, never believed unchecked."""
