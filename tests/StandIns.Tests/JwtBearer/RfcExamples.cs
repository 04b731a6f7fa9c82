using System.Net;
using Microsoft.IdentityModel.Tokens;

namespace Billing.StandIns.Tests.JwtBearer;

/// <summary>The examples of RFC 7515 A.1 to A.5 and RFC 7519 §3.1 and §6.1, checked by the handler itself.</summary>
public class RfcExamples
{
    private const string Payload =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

    private const string HmacKey =
        """{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}""";

    private const string RsaKey =
        """
        {"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}
        """;

    private const string P256Key =
        """{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}""";

    private const string P521Key =
        """{"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}""";

    private const string Hs256 = $"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{Payload}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    private const string Rs256 =
        $"eyJhbGciOiJSUzI1NiJ9.{Payload}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    private const string Es256 =
        $"eyJhbGciOiJFUzI1NiJ9.{Payload}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    private const string Es512 =
        "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";

    private const string Unsecured = $"eyJhbGciOiJub25lIn0.{Payload}.";

    private static readonly DateTimeOffset BeforeItsEnd = DateTimeOffset.FromUnixTimeSeconds(1300819380 - 60);

    [TestCase(Hs256, HmacKey, TestName = "A.1, RFC 7519 3.1: HS256")]
    [TestCase(Rs256, RsaKey, TestName = "A.2: RS256")]
    [TestCase(Es256, P256Key, TestName = "A.3: ES256")]
    public async Task are_accepted_as_long_as_they_last(string token, string key)
    {
        await using var service = await ForJoe(key);

        var answer = await service.Get(token);

        answer.Status.ShouldBe(HttpStatusCode.OK);
        answer.Body.ShouldBe("iss=joe\nexp=1300819380\nhttp://example.com/is_root=true");
    }

    [TestCase(Hs256, HmacKey)]
    [TestCase(Rs256, RsaKey)]
    [TestCase(Es256, P256Key)]
    public async Task are_refused_when_one_bit_of_the_signature_differs(string token, string key)
    {
        await using var service = await ForJoe(key);
        var dot = token.LastIndexOf('.');
        var broken = token[..(dot + 1)] + (token[dot + 1] == 'A' ? 'B' : 'A') + token[(dot + 2)..];

        (await service.Get(broken)).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task ES512_fits_its_key_but_its_payload_is_no_claims_set()
    {
        await using var service = await ForJoe(P521Key);

        var answer = await service.Get(Es512);

        answer.Status.ShouldBe(HttpStatusCode.Unauthorized);
        new JsonWebKey(P521Key).KeySize.ShouldBe(521);
    }

    [Test]
    public async Task the_unsecured_one_is_refused()
    {
        await using var service = await ForJoe(HmacKey);

        var answer = await service.Get(Unsecured);

        answer.Status.ShouldBe(HttpStatusCode.Unauthorized);
        answer.Challenge.ShouldBe("Bearer error=\"invalid_token\", error_description=\"The signature is invalid\"");
    }

    [Test]
    public void the_key_set_of_RFC_7517_holds_what_it_says()
    {
        var set = new JsonWebKeySet(
            """
            {"keys":[
              {"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"enc","kid":"1"},
              {"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}
            ]}
            """);

        set.Keys.Select(key => (key.Kty, key.Kid, key.KeySize)).ShouldBe([("EC", "1", 256), ("RSA", "2011-04-29", 2048)]);
        set.GetSigningKeys().Select(key => key.KeyId).ShouldBe(["2011-04-29"]);
    }

    private static Task<Service> ForJoe(string key) => Service.Start(options =>
    {
        options.MapInboundClaims = false;
        options.TokenValidationParameters = new()
        {
            ValidIssuer = "joe",
            ValidateAudience = false,
            IssuerSigningKey = new JsonWebKey(key),
        };
    }, new Clock(BeforeItsEnd));
}
