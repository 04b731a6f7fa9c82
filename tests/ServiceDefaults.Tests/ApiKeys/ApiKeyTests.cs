using Billing.ServiceDefaults.ApiKeys;
using Microsoft.AspNetCore.Http;

namespace Billing.ServiceDefaults.Tests.ApiKeys;

public class ApiKeyTests
{
    [Test]
    public void a_new_key_has_the_form_that_is_read_and_proves_itself()
    {
        var made = ApiKey.Make(out var text);

        text.ShouldMatch("^bk_[0-9a-f]{16}_[0-9a-f]{64}$");
        ApiKey.TryParse(text, out var read).ShouldBeTrue();
        read!.Id.ShouldBe(made.Id);
        read.Proves(made.SecretHash).ShouldBeTrue();
    }

    [Test]
    public void another_secret_proves_nothing_and_a_key_never_shows_itself()
    {
        var made = ApiKey.Make(out var text);
        var other = text[..^1] + (text[^1] == '0' ? '1' : '0');

        ApiKey.TryParse(other, out var read).ShouldBeTrue();
        read!.Proves(made.SecretHash).ShouldBeFalse();
        made.ToString().ShouldBe($"bk_{made.Id}_…");
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("bk_")]
    [TestCase("bk_0123456789abcdef_")]
    [TestCase("bk_0123456789ABCDEF_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [TestCase("bk_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n")]
    [TestCase("sk_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public void what_has_another_form_is_no_key(string? text) => ApiKey.TryParse(text, out _).ShouldBeFalse();

    [TestCase("ApiKey bk_1", null, "bk_1")]
    [TestCase("apikey  bk_1 ", null, "bk_1")]
    [TestCase(null, "bk_2", "bk_2")]
    [TestCase("ApiKey bk_1", "bk_2", "bk_1")]
    [TestCase("Bearer token", "bk_2", null)]
    [TestCase(null, null, null)]
    public void the_key_is_where_one_of_two_headers_says(string? authorization, string? own, string? expected)
    {
        var request = new DefaultHttpContext().Request;
        if (authorization is not null) request.Headers.Authorization = authorization;
        if (own is not null) request.Headers[ApiKeyHeader.Name] = own;

        ApiKeyHeader.Read(request).ShouldBe(expected);
    }

    [Test]
    public void two_keys_at_once_are_none()
    {
        var request = new DefaultHttpContext().Request;
        request.Headers[ApiKeyHeader.Name] = new[] { "bk_1", "bk_2" };

        ApiKeyHeader.Read(request).ShouldBeNull();
    }
}
