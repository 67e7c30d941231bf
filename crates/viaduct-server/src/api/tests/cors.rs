//! Pages of other origins.

use super::*;

const PAGE: &str = "https://console.example";

#[tokio::test]
async fn by_default_no_page_of_another_origin_may_read_anything() {
    let bench = Bench::new().await;
    let headers = [("origin", PAGE), ("access-control-request-method", "PATCH")];
    for method in ["OPTIONS", "GET"] {
        let reply = bench.remote(method, "/api/v1/health", &headers, "").await;
        assert_eq!(reply.header("access-control-allow-origin"), "", "{method}");
    }
}

#[tokio::test]
async fn pages_of_the_list_may_and_others_still_may_not() {
    let mut bench = Bench::new().await;
    bench.with_origins(&[PAGE]);
    let asked = [("origin", PAGE), ("access-control-request-method", "PATCH")];
    let reply = bench.remote("OPTIONS", "/api/v1/devices", &asked, "").await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT);
    assert_eq!(reply.header("access-control-allow-origin"), PAGE);
    assert!(reply.header("access-control-allow-methods").contains("PATCH"));
    assert!(reply.header("access-control-allow-headers").contains("authorization"));
    assert_eq!(reply.header("access-control-allow-credentials"), "");
    let reply = bench.remote("GET", "/api/v1/devices", &[("origin", PAGE)], "").await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "the right is asked for all the same");
    assert_eq!(reply.header("access-control-allow-origin"), PAGE);
    assert_eq!(reply.header("vary"), "origin");
    for other in ["https://console.example.evil.example", "http://console.example", "null"] {
        let headers = [("origin", other), ("access-control-request-method", "PATCH")];
        let reply = bench.remote("OPTIONS", "/api/v1/devices", &headers, "").await;
        assert_eq!(reply.header("access-control-allow-origin"), "", "{other}");
    }
}

#[tokio::test]
async fn options_says_what_there_is() {
    let bench = Bench::new().await;
    let reply = bench.remote("OPTIONS", "/api/v1/devices", &[], "").await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT);
    for method in ["GET", "POST", "PATCH"] {
        assert!(reply.header("allow").contains(method), "{}", reply.header("allow"));
    }
}
