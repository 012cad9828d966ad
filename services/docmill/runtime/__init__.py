"""The joint network as an ONNX graph, and how it runs on a CPU. Knows windows of token ids, no documents."""
