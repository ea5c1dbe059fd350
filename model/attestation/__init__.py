"""What a pod VM must measure: initdata and its PCR8, reference values, and the policy that appraises evidence."""
