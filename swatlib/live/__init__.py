"""The live stream: plant → producer → Kafka → stream (Spark) → sink → InfluxDB, with real servers from `services`."""
