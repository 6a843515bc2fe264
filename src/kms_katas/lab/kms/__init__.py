"""The KMS engine. `urls` is its door; `models` the store that moto keeps for each account and Region."""
