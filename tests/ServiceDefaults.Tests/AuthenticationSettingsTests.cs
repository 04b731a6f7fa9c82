namespace Billing.ServiceDefaults.Tests;

/// <summary>A service that could not tell who calls does not start, and says what it misses.</summary>
public class AuthenticationSettingsTests
{
    [TestCase(Authentication.IssuerKey)]
    [TestCase(Authentication.AudienceKey)]
    [TestCase(Authentication.KeysKey)]
    public async Task what_is_missing_is_named(string key)
    {
        var refusal = await Should.ThrowAsync<CannotStartException>(
            () => TestService.Run(settings: (key, "")));

        refusal.Message.ShouldContain($"'{key}' is missing");
        refusal.Message.ShouldContain(key.Replace(":", "__"));
    }

    [TestCase("not json")]
    [TestCase("{}")]
    [TestCase("""{"keys":{}}""")]
    [TestCase("""{"keys":[]}""")]
    [TestCase("""{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}""")]
    [TestCase("""{"keys":[],"keys":[]}""")]
    public async Task keys_that_are_none_are_refused(string keys)
    {
        var refusal = await Should.ThrowAsync<CannotStartException>(
            () => TestService.Run(settings: (Authentication.KeysKey, keys)));

        refusal.Message.ShouldContain(Authentication.KeysKey);
    }

    [Test]
    public async Task a_flag_that_is_neither_true_nor_false_is_refused()
    {
        var refusal = await Should.ThrowAsync<CannotStartException>(
            () => TestService.Run(settings: ("Features:BILLING_ENABLED", "perhaps")));

        refusal.Message.ShouldBe(
            "Configuration 'Features:BILLING_ENABLED' is 'perhaps', which is not a Boolean.");
    }
}
