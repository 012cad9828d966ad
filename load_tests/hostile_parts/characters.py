"""What must never reach a reader as it is. Written down from the sources, without a look at docmill's own code: what is
checked by the code that it checks cannot fail.
"""

from collections.abc import Iterator

# Special tokens by the models whose chat templates have them. Source: their tokenizer_config.json on huggingface.co.
TEMPLATE_TOKENS = {
    "ChatML, Qwen": ("<|im_start|>", "<|im_end|>", "<|endoftext|>", "<tool_call>", "<think>", "</think>"),
    "Llama 2": ("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<s>", "</s>"),
    "Llama 3": ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    "Gemma": ("<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>"),
    "Mistral": ("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[TOOL_CALLS]", "[AVAILABLE_TOOLS]", "[THINK]"),
    "DeepSeek": ("<\uff5cUser\uff5c>", "<\uff5cAssistant\uff5c>", "<\uff5cend\u2581of\u2581sentence\uff5c>"),
    "Phi": ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
    "Command R": ("<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|SYSTEM_TOKEN|>"),
    "Harmony": ("<|start|>", "<|channel|>", "<|message|>", "<|return|>"),
    "GLM": ("[gMASK]", "[sMASK]", "<sop>", "<eop>"),
    "MiniMax": ("]~!b[", "]~b]", "[e~["),
    "EXAONE": ("[|system|]", "[|endofturn|]"),
    "BERT and others": ("[EOS]", "[PAD]", "[MASK]"),
    "tags of a prompt": ("</document>", "<system>", "<document>"),
}

# Default_Ignorable_Code_Point of Unicode 16 (DerivedCoreProperties.txt), ranges with both ends.
DEFAULT_IGNORABLE = (
    *((0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
    *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
    *((0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
# And what shows nothing without being of it: controls but line end and tab, an empty Braille cell, annotations, line
# and paragraph separators, surrogates, private and no characters.
OTHERS = (
    *((0x0000, 0x0008), (0x000B, 0x001F), (0x007F, 0x009F), (0x2028, 0x2029), (0x2800, 0x2800), (0xD800, 0xF8FF)),
    *((0xFDD0, 0xFDEF), (0xFFF9, 0xFFFB), (0xFFFE, 0xFFFF), (0xF0000, 0x10FFFF)),
)


def invisible_in(text: str) -> Iterator[str]:
    """The invisible characters of a text, each as U+XXXX."""
    for character in sorted(set(text)):
        if any(first <= ord(character) <= last for first, last in (*DEFAULT_IGNORABLE, *OTHERS)):
            yield f"U+{ord(character):04X}"


def tokens_in(text: str) -> Iterator[str]:
    """The tokens that stand in a text."""
    return (token for tokens in TEMPLATE_TOKENS.values() for token in tokens if token in text)
