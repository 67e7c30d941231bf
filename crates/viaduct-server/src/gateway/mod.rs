//! Proxies for consoles: SOCKS5 and HTTP. No dialling code lives here.
