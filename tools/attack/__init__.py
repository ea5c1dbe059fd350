"""The catalogue of attacks, put to what is deployed."""
