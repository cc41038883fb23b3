//! `tongbao wechat trust`: how each SDK is led to this sandbox, with its real values; and the files for that.
//!
//! It reads beside a running sandbox. What it writes can be written again: the certificates are the sandbox's own, and
//! the one for TLS is made anew each time.
//!
//! **Absent on purpose:** production. Who enrols there is given files, and has a host of its own.

use std::path::{Path, PathBuf};

use tongbao_core::{Key, wechat::WechatPlatform};

use super::proxy::{HOSTS, certificate};
use crate::{
    instance::{Instance, write_private},
    output::{self, Failure},
    seed::SandboxFile,
    wechat_seed::SandboxWechat,
};

/// The files beside those of the seed.
const TLS_CERTIFICATE: &str = "tls_cert.pem";
const TLS_KEY: &str = "tls_key.pem";

/// Writes the files and prints the text.
pub(super) fn run(instance: &Instance) -> Result<(), Failure> {
    let engine = instance.reading_engine()?;
    let file = SandboxFile::read(&instance.directory().join("sandbox.json"))?;
    let shop = file
        .wechat
        .as_ref()
        .ok_or("this sandbox has no merchant of WeChat Pay; start a new one elsewhere")?;
    let directory = instance.directory().canonicalize()?;
    let own = directory.join(&shop.ca_file).parent().map_or_else(|| directory.clone(), Path::to_owned);
    let leaf = certificate(&engine)?;
    write_private(&own.join(TLS_CERTIFICATE), &leaf.certificate_pem)?;
    write_private(&own.join(TLS_KEY), &leaf.key_pem)?;
    let platform =
        engine.store.find::<WechatPlatform>(Key::WechatPlatform)?.ok_or("the platform has no keys")?;
    let mut certificates = Vec::new();
    for known in &platform.certificates {
        let path = own.join(format!("wechatpay_{}.pem", known.serial));
        write_private(&path, &known.certificate)?;
        certificates.push((known.serial.clone(), path));
    }
    output::line(text(&Told { api: &file.api, shop, directory: &directory, own: &own, certificates }))
}

/// What the text is made of.
struct Told<'a> {
    api: &'a str,
    shop: &'a SandboxWechat,
    directory: &'a Path,
    own: &'a Path,
    /// Platform certificates by serial number.
    certificates: Vec<(String, PathBuf)>,
}

fn text(told: &Told<'_>) -> String {
    [values(told), with_an_address(told), with_a_transport(told), with_a_proxy(told)].join("\n")
}

fn values(told: &Told<'_>) -> String {
    let Told { api, shop, directory, certificates, .. } = told;
    let at = |name: &str| directory.join(name).display().to_string();
    let mut text = format!(
        "WeChat Pay in this sandbox · 沙箱中的微信支付\n\n\
         \x20 host                  {api}    instead of https://{}\n\
         \x20 mchid                 {}\n\
         \x20 appid                 {}\n\
         \x20 merchant's serial no  {}\n\
         \x20 apiclient_key.pem     {}\n\
         \x20 apiclient_cert.pem    {}\n\
         \x20 APIv3 key             apiv3_key in {}\n\
         \x20 public key id         {}\n\
         \x20 public key            {}\n\
         \x20 authority (CA)        {}\n",
        HOSTS[0],
        shop.mchid,
        shop.appid,
        shop.serial_no,
        at(&shop.private_key_file),
        at(&shop.certificate_file),
        at("sandbox.json"),
        shop.public_key_id,
        at(&shop.public_key_file),
        at(&shop.ca_file),
    );
    for (serial, path) in certificates {
        text.extend(["  platform certificate  ", serial, "  ", &path.display().to_string(), "\n"]);
    }
    text
}

/// SDKs that take another address.
fn with_an_address(told: &Told<'_>) -> String {
    let api = told.api;
    format!(
        "SDKs that take another address\n\n\
         Python wechatpayv3:            wxpay._core._gate_way = '{api}'\n\
         \x20 (with platform certificates, before the constructor:\n\
         \x20 wechatpayv3.core.Core._gate_way = property(lambda _: '{api}', lambda _, value: None))\n\
         Node wechatpay-axios-plugin:   new Wechatpay({{ …, baseURL: '{api}' }})\n\
         PHP wechatpay:                 Builder::factory([…, 'base_uri' => '{api}/'])\n\
         Java weixin-java-pay:          config.setApiHostUrl(\"{api}\")\n\
         Rust wechat-pay-rust-sdk:      wechat_pay.base_url = \"{api}\".into()\n\
         \x20 (the two first are run in our tests, the others are by their documents)\n"
    )
}

/// SDKs whose transport can be replaced.
fn with_a_transport(told: &Told<'_>) -> String {
    let api = told.api;
    let address = api.split_once("://").map_or(api, |(_, address)| address);
    let (scheme, (host, port)) =
        (api.split("://").next().unwrap_or("http"), address.rsplit_once(':').unwrap_or((address, "80")));
    format!(
        "SDKs whose transport can be replaced\n\n\
         Node wechatpay-node-v3:\n\
         \x20 const own = pay.httpService, here = (url) => url.replace('https://{official}', '{api}');\n\
         \x20 pay.createHttp({{ get: (url, headers) => own.get(here(url), headers),\n\
         \x20   post: (url, params, headers) => own.post(here(url), params, headers),\n\
         \x20   upload: (url, body, params, headers) => own.upload(here(url), body, params, headers) }});\n\
         Java wechatpay-java:\n\
         \x20 OkHttpClient here = new OkHttpClient.Builder().addInterceptor(chain -> chain.proceed(\n\
         \x20   chain.request().newBuilder().url(chain.request().url().newBuilder()\n\
         \x20     .scheme(\"{scheme}\").host(\"{host}\").port({port}).build()).build())).build();\n\
         \x20 new DefaultHttpClientBuilder().config(config).okHttpClient(here).build()\n\
         \x20   as .httpClient(…) of each service\n\
         Go wechatpay-go:\n\
         \x20 option.WithHTTPClient(&http.Client{{Transport: …}}) with a RoundTripper that sets\n\
         \x20 URL.Scheme = \"{scheme}\", URL.Host = \"{address}\" on a clone of the request\n\
         Rust wxpay-rs:\n\
         \x20 WxPayClient::builder().http_client(…) with an HttpClient that replaces the host\n",
        official = HOSTS[0],
    )
}

/// Everything else, untouched.
fn with_a_proxy(told: &Told<'_>) -> String {
    let Told { shop, directory, own, .. } = told;
    let ca = directory.join(&shop.ca_file).display().to_string();
    let data = directory.display();
    format!(
        "Any other, untouched: `tongbao wechat proxy --data {data}` stands for {official}\n\n\
         It listens on 127.0.0.1:8443, both as an HTTPS proxy and as the host itself.\n\
         Go:        HTTPS_PROXY=http://127.0.0.1:8443 SSL_CERT_FILE={ca}\n\
         Python:    HTTPS_PROXY=http://127.0.0.1:8443 REQUESTS_CA_BUNDLE={ca}\n\
         Java:      keytool -importcert -noprompt -alias tongbao -file {ca} -storetype PKCS12 \\\n\
         \x20            -keystore {store} -storepass changeit\n\
         \x20          java -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=8443 \\\n\
         \x20            -Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword=changeit …\n\
         curl:      curl --proxy http://127.0.0.1:8443 --cacert {ca} https://{official}/v3/…\n\
         Node:      takes no proxy from its environment; use the hosts file and NODE_EXTRA_CA_CERTS={ca}\n\
         bills:     start the sandbox with --wechat-base-url https://{official}\n\
         hosts:     127.0.0.1 {hosts}\n\
         \x20          in the hosts file, `--listen 127.0.0.1:443`, and the same trust in {ca}\n\
         \x20          (a server of your own in front may use {tls_certificate} and {tls_key})\n",
        official = HOSTS[0],
        hosts = HOSTS.join(" "),
        store = own.join("truststore.p12").display(),
        tls_certificate = own.join(TLS_CERTIFICATE).display(),
        tls_key = own.join(TLS_KEY).display(),
    )
}
