//! Signing in, users, tokens.

use super::{
    operation::{
        Kind::{Number, Text},
        Operation,
        Shape::{Bytes, Made, Named},
        delete, get, patch, post, put,
    },
    schemas::Schemas,
};
use crate::api::users::{CodeOf, PasswordChange};
use viaduct_api::{
    NewToken, NewUser, NewView, Permissions, ProxyToken, RoleInfo, SavedView, SignInWays, Token,
    TokenIssued, User, UserPatch, WhoAmI,
};

pub(super) fn operations() -> Vec<Operation> {
    let mut all = sign_in();
    all.extend(own());
    all.extend(people());
    all
}

fn sign_in() -> Vec<Operation> {
    let login = |path| {
        post(path, "User and password for a token.")
            .takes(Named("Credentials"))
            .gives(200, Named("IssuedToken"))
            .refused(&[401, 429])
    };
    vec![
        login("/api/v1/authorize"),
        login("/login/api/v1/authorize"),
        get("/api/v1/authorize/redirection/{guid}", "A token for the relay, for this device.")
            .gives(200, Named("IssuedToken")),
        get("/api/v1/session", "How one can sign in here.")
            .gives(200, Made(Schemas::shown::<SignInWays>)),
        post("/api/v1/session", "User and password for the cookie of a browser.")
            .takes(Named("Credentials"))
            .gives_nothing(204)
            .refused(&[401, 429]),
        delete("/api/v1/session", "What the caller signed in with is worthless from now on.")
            .gives_nothing(204),
        post(
            "/api/v1/session/proxy",
            "A token for the proxies that ends with the caller's sign-in.",
        )
        .gives(201, Made(Schemas::shown::<ProxyToken>)),
        get("/api/v1/oidc/login", "Off to the identity provider.")
            .query(&[
                ("port", Number, "Of a program beside the browser that waits for the outcome."),
                ("challenge", Text, "Of the program's verifier (RFC 7636, S256)."),
                ("state", Text, "What the program is to get back."),
                ("sent", Text, "The browser was sent here from another name of this server."),
            ])
            .gives_nothing(302)
            .refused(&[404]),
        post("/api/v1/oidc/token", "The code that a program got by the browser, for a token.")
            .takes(Named("Redeemed"))
            .gives(200, Named("IssuedToken"))
            .refused(&[401, 404]),
        get("/api/v1/oidc/callback", "Back from the identity provider.")
            .query(&[
                ("code", Text, "Its code."),
                ("state", Text, "What it was sent with."),
                ("error", Text, "Why there is no code."),
            ])
            .gives_nothing(303)
            .gives(400, Bytes("text/html"))
            .gives(403, Bytes("text/html"))
            .gives(409, Bytes("text/html"))
            .gives(502, Bytes("text/html"))
            .gives(503, Bytes("text/html"))
            .refused(&[404]),
        get("/api/v1/whoami", "Who the server takes the caller for.")
            .gives(200, Made(Schemas::shown::<WhoAmI>)),
        post("/api/v1/whoami/password", "Changes the caller's own password.")
            .takes(Made(Schemas::taken::<PasswordChange>))
            .gives_nothing(204),
        post("/api/v1/whoami/second-factor", "A secret for the caller's authenticator.")
            .gives(200, Named("SecondFactor"))
            .refused(&[400, 409]),
        post("/api/v1/whoami/second-factor/verify", "From now on a code is asked for.")
            .takes(Made(Schemas::taken::<CodeOf>))
            .gives(200, Named("RecoveryCodes"))
            .refused(&[409]),
        delete("/api/v1/whoami/second-factor", "No code is asked for any more.")
            .takes(Made(Schemas::taken::<CodeOf>))
            .gives_nothing(204)
            .refused(&[409]),
    ]
}

fn own() -> Vec<Operation> {
    vec![
        get("/api/v1/me/views", "The caller's saved views of the list of devices.")
            .gives(200, Made(Schemas::shown::<Vec<SavedView>>))
            .refused(&[400]),
        put("/api/v1/me/views/{name}", "Saves a view, in place of the caller's of that name.")
            .takes(Made(Schemas::taken::<NewView>))
            .gives_nothing(204),
        delete("/api/v1/me/views/{name}", "Forgets a view of the caller.").gives_nothing(204),
    ]
}

fn people() -> Vec<Operation> {
    let user = || Made(Schemas::shown::<User>);
    vec![
        get("/api/v1/roles", "Roles, and what each may do.")
            .gives(200, Made(Schemas::shown::<Vec<RoleInfo>>)),
        get(
            "/api/v1/permissions",
            "What somebody may do, and why not; without a name, the caller.",
        )
        .query(&[
            ("user", Text, "A user."),
            ("token", Text, "A token."),
            ("role", Text, "Everybody with this role."),
            ("scope", Text, "Every token with this scope."),
            ("device", Text, "Name or GUID of the device that it is about."),
        ])
        .gives(200, Made(Schemas::shown::<Permissions>))
        .refused(&[404]),
        get("/api/v1/users", "Users.").gives(200, Made(Schemas::shown::<Vec<User>>)),
        post("/api/v1/users", "Makes a user.")
            .takes(Made(Schemas::taken::<NewUser>))
            .gives(201, user())
            .refused(&[409]),
        get("/api/v1/users/{name}", "A user.").gives(200, user()),
        patch("/api/v1/users/{name}", "Changes a user, and ends what was issued to it.")
            .takes(Made(Schemas::taken::<UserPatch>))
            .gives(200, user()),
        delete("/api/v1/users/{name}", "Removes a user.").gives_nothing(204),
        post("/api/v1/users/{name}/sign-out", "Ends every sign-in of a user; the password stays.")
            .gives_nothing(204),
        get("/api/v1/tokens", "Tokens, without their values.")
            .gives(200, Made(Schemas::shown::<Vec<Token>>)),
        post("/api/v1/tokens", "Makes a token; its value is shown this once.")
            .takes(Made(Schemas::taken::<NewToken>))
            .gives(201, Made(Schemas::shown::<TokenIssued>))
            .refused(&[409]),
        delete("/api/v1/tokens/{name}", "Revokes a token.").gives_nothing(204),
    ]
}
