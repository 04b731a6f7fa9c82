using System.Security.Cryptography;
using System.Text.Json;
using Billing.Contracts.Values;

namespace Billing.Contracts.Tests.Values;

public class IdTests
{
    [Test]
    public void a_derived_id_never_changes()
    {
        // Computed apart from the product: sha256 over 4-byte big-endian lengths and UTF-8 texts.
        byte[] read = [0, 0, 0, 3, .. "use"u8, 0, 0, 0, 5, .. "app/1"u8, 0, 0, 0, 2, .. "é"u8];
        var digest = SHA256.HashData(read);

        var id = DerivedId.From("use", "app/1", "é");

        id.Version.ShouldBe(8);
        (id.Variant & 0b1100).ShouldBe(0b1000);
        var (text, hex) = (id.ToString("N"), Convert.ToHexStringLower(digest));
        (text[..12], text[13..16], text[17..]).ShouldBe((hex[..12], hex[13..16], hex[17..32]));
        id.ShouldBe(DerivedId.From("use", "app/1", "é"));
    }

    [Property(MaxTest = 500)]
    public void keys_that_only_look_alike_when_joined_differ(string left, string right)
    {
        if (left is null || right is null || left.Length == 0) return;

        DerivedId.From("kind", left, right).ShouldNotBe(DerivedId.From("kind", left + right));
        DerivedId.From("kind", left, right).ShouldNotBe(DerivedId.From("kind", left[..^1], left[^1] + right));
    }

    [TestCase("tenant-1")]
    [TestCase("org_42:eu@west.1")]
    [TestCase("7")]
    public void a_name_is_its_own_spelling(string name)
    {
        TenantId.Of(name).ToString().ShouldBe(name);
        JsonSerializer.Serialize(TenantId.Of(name), ContractsJson.Options).ShouldBe($"\"{name}\"");
        JsonSerializer.Deserialize<TenantId>($"\"{name}\"", ContractsJson.Options).ShouldBe(TenantId.Of(name));
    }

    [TestCase("")]
    [TestCase("a/b")]
    [TestCase("a b")]
    [TestCase("a\n")]
    [TestCase("é")]
    [TestCase("*")]
    public void what_would_not_fit_in_a_stream_id_is_no_name(string name)
    {
        Should.Throw<FormatException>(() => TenantId.Of(name));
        Should.Throw<JsonException>(() =>
            JsonSerializer.Deserialize<TenantId>(JsonSerializer.Serialize(name), ContractsJson.Options));
    }

    [Test]
    public void a_name_has_at_most_64_characters()
    {
        TenantId.Of(new string('a', 64)).ToString().Length.ShouldBe(64);
        Should.Throw<FormatException>(() => TenantId.Of(new string('a', 65)));
    }

    [Test]
    public void the_empty_default_is_never_written()
    {
        Should.Throw<InvalidOperationException>(() => JsonSerializer.Serialize(default(TenantId), ContractsJson.Options));
        Should.Throw<InvalidOperationException>(() => JsonSerializer.Serialize(default(FactId), ContractsJson.Options));
    }

    [Test]
    public void a_uuid_is_lower_case_with_hyphens()
    {
        var id = new FactId(Guid.Parse("0192f0c1-2b3c-8d4e-9f50-616273748596"));

        JsonSerializer.Serialize(id, ContractsJson.Options).ShouldBe("\"0192f0c1-2b3c-8d4e-9f50-616273748596\"");
        foreach (var other in new[]
            {
                "0192F0C1-2B3C-8D4E-9F50-616273748596", "0192f0c12b3c8d4e9f50616273748596",
                "{0192f0c1-2b3c-8d4e-9f50-616273748596}", "00000000-0000-0000-0000-000000000000",
            })
            Should.Throw<JsonException>(() => JsonSerializer.Deserialize<FactId>($"\"{other}\"", ContractsJson.Options));
    }

    [TestCase("", "1")]
    [TestCase("app", "")]
    [TestCase("app", "a\u0000b")]
    public void an_event_needs_a_source_and_an_id_that_have_bytes(string source, string id)
    {
        EventId.IsWellFormed(source, id).ShouldBeFalse();
        Should.Throw<FormatException>(() => new EventId(source, id));
    }

    // Not as a test case: an attribute's text is UTF-8, where half a pair cannot be.
    [Test]
    public void half_a_surrogate_pair_is_no_id() =>
        EventId.IsWellFormed("app", new string('\ud800', 1)).ShouldBeFalse();

    [Test]
    public void ids_name_things_in_a_dictionary()
    {
        var units = new Dictionary<MeterId, Quantity> { [MeterId.Of("api_calls")] = Quantity.One };

        var json = JsonSerializer.Serialize(units, ContractsJson.Options);

        json.ShouldBe("""{"api_calls":"1"}""");
        JsonSerializer.Deserialize<Dictionary<MeterId, Quantity>>(json, ContractsJson.Options).ShouldBe(units);
    }
}
