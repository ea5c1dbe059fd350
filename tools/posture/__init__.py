"""What a deployed stack allows, and to whom, found by evaluating what is deployed and not by reading what was meant."""
