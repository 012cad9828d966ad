"""The evaluation report: from what graphs say of validation documents to evaluation.json and report.html. No torch."""
