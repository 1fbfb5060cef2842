//! The API in `node.toml`: catches an address that others can reach, a webhook that leaves the office or follows a name, and a file that
//! does not come back as it was written.

use crate::{NodeFile, default_node_toml};

fn node(listen: &str, webhooks: &str) -> Result<NodeFile, usize> {
    let text = default_node_toml().replace("listen = \"\"", &format!("listen = \"{listen}\""));
    NodeFile::parse("node.toml", &format!("{text}\n{webhooks}")).map_err(|problems| problems.len())
}

fn hook(url: &str) -> String {
    format!(
        "[[webhook]]\nname = \"protocollo\"\nurl = \"{url}\"\nsecret = \"keys/hook\"\nevents = [\"link\"]\n"
    )
}

#[test]
fn the_api_is_served_on_loopback_or_not_at_all() {
    assert_eq!(node("", "").unwrap().api.listen, None);
    for good in ["127.0.0.1:4080", "[::1]:4080", "127.0.0.2:1"] {
        assert_eq!(node(good, "").unwrap().api.listen, Some(good.parse().unwrap()));
    }
    for wrong in ["0.0.0.0:4080", "[::]:4080", "192.168.1.2:4080", "localhost:4080", "127.0.0.1", "4080"] {
        assert_eq!(node(wrong, ""), Err(1), "{wrong}");
    }
}

#[test]
fn webhooks_stay_within_the_office() {
    for good in ["http://127.0.0.1:8090/eventi?a=1", "http://10.1.2.3:80", "http://[fd00::1]:8090/x"] {
        assert_eq!(node("", &hook(good)).unwrap().api.webhooks.len(), 1, "{good}");
    }
    for wrong in [
        "https://10.0.0.1:443/",
        "http://8.8.8.8:80/",
        "http://169.254.169.254:80/latest",
        "http://protocollo.example:80/",
        "http://127.0.0.1/",
        "http://u:p@127.0.0.1:80/",
        "http://127.0.0.1:80/a b",
        "http://0.0.0.0:80/",
        "http://[fe80::1]:80/",
        "http://[::ffff:8.8.8.8]:80/",
    ] {
        assert_eq!(node("", &hook(wrong)), Err(1), "{wrong}");
    }
    let two = format!("{}{}", hook("http://127.0.0.1:1/"), hook("http://127.0.0.1:2/"));
    assert_eq!(node("", &two), Err(1), "two of one name");
    let bad =
        hook("http://127.0.0.1:1/").replace("\"link\"", "\"links\"").replace("protocollo", "Il protocollo");
    assert_eq!(node("", &bad), Err(2), "every problem at once");
}

#[test]
fn what_is_written_comes_back() {
    let file = node("127.0.0.1:4080", &hook("http://127.0.0.1:8090/eventi")).unwrap();
    assert_eq!(NodeFile::parse("node.toml", &file.to_toml()).unwrap(), file);
}
