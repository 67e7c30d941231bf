//! REST to domain and back; the only place that knows HTTP status codes of the API.
