using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Contracts.Tests;

/// <summary>
/// The golden files pin every byte that is on the wire. A file is only ever added; when a message gains an optional
/// part, its new form gets a new file and the old file stays readable (docs/adr/0007).
/// </summary>
public class MessageTests
{
    private static readonly NullabilityInfoContext Nullability = new();

    private static IEnumerable<TestCaseData> Messages =>
        Samples.All.Select(sample => new TestCaseData(sample).SetArgDisplayNames(WireNames.Of(sample.GetType())));

    private static IEnumerable<Type> Types => WireNames.All.Values;

    private static IEnumerable<string> GoldenFiles => Directory.GetFiles(Golden(), "*.json")
        .Select(file => Path.GetFileNameWithoutExtension(file))
        .Where(file => !file.EndsWith(".received", StringComparison.Ordinal));

    [TestCaseSource(nameof(Messages))]
    public void a_message_has_the_bytes_of_its_golden_file(object message)
    {
        var golden = Path.Combine(Golden(), $"{WireNames.Of(message.GetType())}.json");
        var received = Path.ChangeExtension(golden, ".received.json");
        var json = Encoding.UTF8.GetString(ContractsJson.Write(message));

        if (!File.Exists(golden) || File.ReadAllText(golden) != json + "\n") File.WriteAllText(received, json + "\n");
        else File.Delete(received);

        File.Exists(golden).ShouldBeTrue($"Look at {received}; if that is what shall be sent, rename it.");
        (json + "\n").ShouldBe(File.ReadAllText(golden));
    }

    [TestCaseSource(nameof(Messages))]
    public void a_golden_file_is_read_as_the_message(object message)
    {
        var golden = File.ReadAllBytes(Path.Combine(Golden(), $"{WireNames.Of(message.GetType())}.json"));

        var read = ContractsJson.Read(message.GetType(), golden);

        Same(read, message).ShouldBeTrue();
        ContractsJson.Write(read).ShouldBe(ContractsJson.Write(message));
    }

    [Test]
    public void every_message_has_a_sample_and_a_golden_file()
    {
        Samples.All.Select(sample => sample.GetType()).ShouldBe(Types, ignoreOrder: true);
        WireNames.All.Keys.ShouldBeSubsetOf(GoldenFiles);
    }

    // A file of an older form is called as the message and what it lacks: billing.x.y.v1.without-z.json.
    [TestCaseSource(nameof(GoldenFiles))]
    public void every_form_that_was_ever_sent_can_be_read(string file)
    {
        var message = WireNames.All.Single(known => $"{file}.".StartsWith($"{known.Key}.", StringComparison.Ordinal));

        ContractsJson.Read(message.Value, File.ReadAllBytes(Path.Combine(Golden(), $"{file}.json"))).ShouldNotBeNull();
    }

    [TestCaseSource(nameof(Messages))]
    public void a_sample_leaves_nothing_out(object message) =>
        message.GetType().GetProperties().ShouldAllBe(part => part.GetValue(message) != null);

    [TestCaseSource(nameof(Messages))]
    public void what_a_newer_writer_adds_is_passed_over(object message)
    {
        var json = JsonNode.Parse(ContractsJson.Write(message))!.AsObject();
        json["addedLater"] = new JsonObject { ["a"] = 1 };

        var read = ContractsJson.Read(message.GetType(), JsonSerializer.SerializeToUtf8Bytes(json));

        ContractsJson.Write(read).ShouldBe(ContractsJson.Write(message));
    }

    [TestCaseSource(nameof(Messages))]
    public void each_part_is_needed_in_its_own_letter_case_and_once(object message)
    {
        foreach (var part in message.GetType().GetConstructors().Single().GetParameters())
        {
            var name = JsonNamingPolicy.CamelCase.ConvertName(part.Name!);
            if (!part.HasDefaultValue) Refused(message, json => json.Remove(name));
            if (!part.HasDefaultValue) Refused(message, json => json[name] = null);
            if (!part.HasDefaultValue) Refused(message, json =>
            {
                var value = json[name];
                json.Remove(name);
                json[part.Name!] = value;
            });

            var text = Encoding.UTF8.GetString(ContractsJson.Write(message));
            var twice = text[..^1] + $",\"{name}\":{JsonNode.Parse(text)![name]!.ToJsonString()}}}";
            Should.Throw<JsonException>(() => ContractsJson.Read(message.GetType(), Encoding.UTF8.GetBytes(twice)));
        }
    }

    [TestCaseSource(nameof(Types))]
    public void a_message_is_sealed_versioned_and_named_by_owner_fact_and_version(Type message)
    {
        message.IsSealed.ShouldBeTrue();
        message.Name.ShouldMatch("^[A-Z][A-Za-z]+V1$");

        var fact = JsonNamingPolicy.KebabCaseLower.ConvertName(message.Name[..^2]);
        WireNames.Of(message).ShouldMatch($@"^billing\.[a-z-]+\.{fact}\.v1$");
        WireNames.Find(WireNames.Of(message)).ShouldBe(message);
    }

    [TestCaseSource(nameof(Types))]
    public void parts_that_may_be_null_have_a_default_so_that_they_may_be_left_out(Type message) =>
        message.GetConstructors().Single().GetParameters()
            .Where(part => Nullability.Create(part).ReadState == NullabilityState.Nullable)
            .ShouldAllBe(part => part.HasDefaultValue);

    [Test]
    public void a_type_without_a_wire_name_is_no_message()
    {
        Should.Throw<ArgumentException>(() => WireNames.Of(typeof(string)));
        WireNames.Find("billing.unknown.v1").ShouldBeNull();
    }

    [TestCase("""{"service":"ledger","instance":"1","version":"1","startedAt":"2026-03-14T12:00:00+00:00"}""")]
    [TestCase("""{"service":"ledger","instance":"1","version":"1","startedAt":"2026-03-14 12:00:00Z"}""")]
    [TestCase("""{"service":"ledger","instance":"1","version":"1","startedAt":"2026-03-14T12:00:00.1234567Z"}""")]
    [TestCase("""{"service":"ledger","instance":"1","version":"1","startedAt":1773489600}""")]
    [TestCase("""{"service":"ledger","instance":"1","version":1,"startedAt":"2026-03-14T12:00:00Z"}""")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("{}")]
    [TestCase("")]
    public void moments_are_utc_and_text_is_text(string json) => Should.Throw<JsonException>(() =>
        ContractsJson.Read<Platform.ServiceStartedV1>(Encoding.UTF8.GetBytes(json)));

    [Test]
    public void a_moment_is_cut_to_microseconds()
    {
        var started = new Platform.ServiceStartedV1("ledger", "1", "1", new DateTimeOffset(12_345_678, TimeSpan.Zero));

        Encoding.UTF8.GetString(ContractsJson.Write(started)).ShouldContain("\"0001-01-01T00:00:01.234567Z\"");
    }

    [TestCase("\"Use\"")]
    [TestCase("\"USE\"")]
    [TestCase("\"TrueUp\"")]
    [TestCase("\"use \"")]
    [TestCase("\"0\"")]
    [TestCase("0")]
    public void names_of_kinds_have_one_spelling(string json) => Should.Throw<JsonException>(() =>
        JsonSerializer.Deserialize<Entries.ChargeKind>(json, ContractsJson.Options));

    [Test]
    public void what_a_value_type_refuses_is_a_json_error() => Should.Throw<JsonException>(() =>
        ContractsJson.Read<BillingPeriod>(
            """{"start":"2026-03-01T00:00:00Z","endExclusive":"2026-03-01T00:00:00Z"}"""u8));

    [TestCaseSource(nameof(Models))]
    public void a_price_model_says_first_which_it_is(PriceModelV1 model, string json)
    {
        JsonSerializer.Serialize(model, ContractsJson.Options).ShouldBe(json);
        JsonSerializer.Serialize(JsonSerializer.Deserialize<PriceModelV1>(json, ContractsJson.Options), ContractsJson.Options)
            .ShouldBe(json);
    }

    private static IEnumerable<TestCaseData> Models()
    {
        var (usd, price) = (Currency.Of("USD"), UnitPrice.From(0.029m, Currency.Of("USD")));
        var (one, two) = (Amount.From(1, usd), Amount.From(2, usd));

        yield return new(new PriceModelV1.PerUnit(price), """{"model":"per-unit","price":"0.029 USD"}""");
        yield return new(new PriceModelV1.Fixed(one), """{"model":"fixed","amount":"1 USD"}""");
        yield return new(
            new PriceModelV1.Volume([new(Quantity.Zero, price)]),
            """{"model":"volume","tiers":[{"from":"0","price":"0.029 USD"}]}""");
        yield return new(
            new PriceModelV1.Package(Quantity.From(100), one), """{"model":"package","size":"100","price":"1 USD"}""");
        yield return new(
            new PriceModelV1.Percentage(price, one, two),
            """{"model":"percentage","rate":"0.029 USD","minimum":"1 USD","maximum":"2 USD"}""");
    }

    [Test]
    public void an_unknown_price_model_is_refused() => Should.Throw<JsonException>(() =>
        JsonSerializer.Deserialize<PriceModelV1>("""{"model":"auction","price":"1 USD"}""", ContractsJson.Options));

    private static void Refused(object message, Action<JsonObject> change)
    {
        var json = JsonNode.Parse(ContractsJson.Write(message))!.AsObject();
        change(json);
        Should.Throw<JsonException>(() =>
            ContractsJson.Read(message.GetType(), JsonSerializer.SerializeToUtf8Bytes(json)));
    }

    // Part by part, since a record compares the lists in it by reference.
    private static bool Same(object? left, object? right) => (left, right) switch
    {
        (string, string) => left.Equals(right),
        (IEnumerable lefts, IEnumerable rights) => lefts.Cast<object>().Count() == rights.Cast<object>().Count()
            && lefts.Cast<object>().Zip(rights.Cast<object>(), Same).All(same => same),
        ({ } one, { } other) when IsRecord(one.GetType()) && one.GetType() == other.GetType() =>
            one.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .All(part => Same(part.GetValue(one), part.GetValue(other))),
        _ => Equals(left, right),
    };

    private static bool IsRecord(Type type) => type.GetMethod("<Clone>$") is not null;

    private static string Golden([CallerFilePath] string path = "") =>
        Path.Combine(Path.GetDirectoryName(path)!, "Golden");
}
