//! Somebody with the right to write to the database changes the record of who did what: `viaduct audit verify` names the
//! first row that is not as it was written, on a server that runs and after a restart.

use crate::harness::{Server, Settings, eventually, run, viaduct};
use std::process::Command;

/// The rows that are there before anybody meddles.
const ROWS: u64 = 12;

/// What somebody does, to the middle of the record.
const CHANGE: &str = "UPDATE audit SET detail = 'nothing to see' WHERE seq = 6";
const REMOVE: &str = "DELETE FROM audit WHERE seq = 6";
const SWAP: &str = "UPDATE audit SET seq = -6 WHERE seq = 6; UPDATE audit SET seq = 6 WHERE seq = 7; \
    UPDATE audit SET seq = 7 WHERE seq = -6";

/// SQL, while the server has the database open or not.
fn meddle(server_data: &str, sql: &str) {
    let script = "import sqlite3, sys\n\
        db = sqlite3.connect(sys.argv[1], timeout=30)\n\
        db.executescript(sys.argv[2])\n\
        db.commit()\n";
    run("python3", ["-c", script, &format!("{server_data}/viaduct.db"), sql]);
}

fn server_with_rows() -> Server {
    let server = Server::start(&Settings::default());
    for n in 0..ROWS / 2 {
        server.token(&format!("t{n}"), "read");
    }
    let (code, said) = verify(&server);
    assert_eq!(code, 0, "{said}");
    server
}

fn verify(server: &Server) -> (i32, String) {
    let out = server.try_cli(&["audit", "verify"]);
    (out.status.code().unwrap_or(-1), String::from_utf8_lossy(&out.stderr).into_owned())
}

#[track_caller]
fn names(server: &Server, row: u64, why: &str) {
    let (code, said) = verify(server);
    assert_eq!(code, 14, "{said}");
    assert!(said.contains(&format!("row {row}: ")) && said.contains(why), "{said}");
}

#[test]
fn while_the_server_runs() {
    for (sql, row, why) in [
        (CHANGE, 6, "it was changed"),
        (REMOVE, 6, "it is missing"),
        (SWAP, 6, "it does not follow the row before it"),
    ] {
        let server = server_with_rows();
        meddle(&server.data.path().display().to_string(), sql);
        names(&server, row, why);
        // An export shows the same to somebody without the server.
        let export = server.data.join("export.ndjson").display().to_string();
        server.cli(&["audit", "export", "--out", &export]);
        let out = Command::new(viaduct()).args(["audit", "verify", &export]).env_clear().output();
        let out = out.unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(14), "{said}");
        assert!(said.contains(&format!("row {row}: ")), "{said}");
    }
}

#[test]
fn while_the_server_is_down() {
    for (sql, row, why) in [
        (CHANGE, 6, "it was changed"),
        (REMOVE, 6, "it is missing"),
        (SWAP, 6, "it does not follow the row before it"),
    ] {
        let data = server_with_rows().end(|process| {
            process.terminate();
        });
        meddle(&data.path().display().to_string(), sql);
        let server = Server::start_in(data, &Settings::default());
        names(&server, row, why);
        // What is written afterwards hides nothing.
        server.token("later", "read");
        names(&server, row, why);
    }
}

#[test]
fn rows_cut_off_at_the_end_are_missed() {
    let server = server_with_rows();
    let last = server.cli_json(&["audit", "tail", "-n", "1"])[0]["seq"].as_u64().unwrap();
    // Reading the record is recorded too, a moment later.
    eventually("the record rests", || match server.cli_json(&["audit", "tail", "-n", "1"]) {
        rows if rows[0]["seq"].as_u64() >= Some(last) => Ok(()),
        rows => Err(rows.to_string()),
    });
    let data = server.end(|process| {
        process.terminate();
    });
    let path = data.path().display().to_string();
    meddle(&path, &format!("DELETE FROM audit WHERE seq >= {last}"));
    let server = Server::start_in(data, &Settings::default());
    names(&server, last, "it is missing");
}

#[test]
fn a_row_with_a_hash_of_its_own_is_not_of_this_installation() {
    let server = server_with_rows();
    let forge = "import hashlib, json, sqlite3, sys\n\
        db = sqlite3.connect(sys.argv[1], timeout=30)\n\
        keys = ['seq','time','tenant','actor','source','action','device','detail','result','intent','prev']\n\
        rows = db.execute('SELECT seq,time,tenant,actor,source,action,device,detail,result,intent,prev FROM audit ORDER BY seq').fetchall()\n\
        prev = None\n\
        for row in rows:\n\
        \x20   row = dict(zip(keys, row))\n\
        \x20   if row['seq'] < 6:\n\
        \x20       continue\n\
        \x20   if row['seq'] == 6:\n\
        \x20       row['detail'] = 'nothing to see'\n\
        \x20   row['prev'] = prev or row['prev'].hex()\n\
        \x20   text = json.dumps(row, separators=(',', ':'), ensure_ascii=False)\n\
        \x20   digest = hashlib.sha256(text.encode()).digest()\n\
        \x20   db.execute('UPDATE audit SET detail=?, prev=?, hash=? WHERE seq=?', (row['detail'], bytes.fromhex(row['prev']), digest, row['seq']))\n\
        \x20   prev = digest.hex()\n\
        db.commit()\n";
    let database = server.data.join("viaduct.db").display().to_string();
    run("python3", ["-c", forge, &database]);
    names(&server, 6, "it was not written by this installation");
}
