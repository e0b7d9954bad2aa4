"""What Lambda runs: five functions and the pure core they share."""
