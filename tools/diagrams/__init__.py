"""A synthesised stack as a Mermaid flowchart. Pure: the parsed cdk.tf.json in, text out."""
