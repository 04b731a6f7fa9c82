using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Billing.Ledger.Events;

namespace Billing.Ledger.Tests;

/// <summary>
/// The golden files pin what is in the store for ever. A file is only ever added: a changed one means that rows which
/// are there already could not be read any more.
/// </summary>
public class StoredShapeTests
{
    private static IEnumerable<TestCaseData> Events =>
        Samples.All.Select(sample => new TestCaseData(sample).SetArgDisplayNames(NameOf(sample)));

    private static IEnumerable<Type> Types => typeof(LedgerEvent).Assembly.GetTypes()
        .Where(type => type.IsSubclassOf(typeof(LedgerEvent)) && !type.IsAbstract);

    [TestCaseSource(nameof(Events))]
    public void an_event_has_the_bytes_of_its_golden_file(LedgerEvent happened)
    {
        var golden = Path.Combine(Golden(), $"{NameOf(happened)}.json");
        var received = Path.ChangeExtension(golden, ".received.json");
        var json = Encoding.UTF8.GetString(StoredJson.Write(happened)) + "\n";

        if (File.Exists(golden) && File.ReadAllText(golden) == json) File.Delete(received);
        else File.WriteAllText(received, json);

        File.Exists(golden).ShouldBeTrue($"Look at {received}; if that is what shall be stored, rename it.");
        json.ShouldBe(File.ReadAllText(golden));
    }

    [TestCaseSource(nameof(Events))]
    public void a_golden_file_is_read_as_the_event(LedgerEvent happened)
    {
        var read = StoredJson.Read(
            NameOf(happened), File.ReadAllBytes(Path.Combine(Golden(), $"{NameOf(happened)}.json")));

        read.ShouldBeOfType(happened.GetType());
        StoredJson.Write(read).ShouldBe(StoredJson.Write(happened));
    }

    [TestCaseSource(nameof(Events))]
    public void each_part_is_needed_and_no_other_is_known(LedgerEvent happened)
    {
        foreach (var part in happened.GetType().GetConstructors().Single().GetParameters())
            if (!part.HasDefaultValue)
                Refused(happened, json => json.Remove(JsonNamingPolicy.CamelCase.ConvertName(part.Name!)));

        Refused(happened, json => json["addedLater"] = 1);
    }

    [TestCaseSource(nameof(Events))]
    public void a_sample_leaves_nothing_out(LedgerEvent happened) =>
        happened.GetType().GetProperties().ShouldAllBe(part => part.GetValue(happened) != null);

    [Test]
    public void every_event_has_a_stored_name_and_a_sample()
    {
        EventNames.All.Values.ShouldBe(Types, ignoreOrder: true);
        Samples.All.Select(sample => sample.GetType()).ShouldBe(Types, ignoreOrder: true);
    }

    [TestCaseSource(nameof(Types))]
    public void a_stored_event_is_sealed_and_named_by_what_happened(Type stored)
    {
        stored.IsSealed.ShouldBeTrue();
        EventNames.Of(stored).ShouldBe(JsonNamingPolicy.SnakeCaseLower.ConvertName(stored.Name));
    }

    [Test]
    public void what_is_not_stored_has_no_name()
    {
        Should.Throw<ArgumentException>(() => EventNames.Of(typeof(Origin)));
        Should.Throw<JsonException>(() => StoredJson.Read("charge_forgotten", "{}"u8));
    }

    [Test]
    public void an_old_shape_is_read_as_the_present_one()
    {
        var old = File.ReadAllBytes(Path.Combine(Golden(), "account_credited.old.json"));

        var granted = StoredJson.Read("account_credited", old).ShouldBeOfType<CreditGranted>();

        granted.Money.ShouldBe(Given.Dollars("12.34"));
        granted.Origin.ShouldBe(new(
            Given.At("2026-03-14T12:00:00Z"), Given.At("2026-03-14T12:00:00Z"), "unknown",
            Cause.Of("key-1"), "Goodwill"));
        granted.ExpiresAt.ShouldBeNull();
    }

    [Test]
    public void an_old_name_is_not_written_any_more() =>
        Upcasts.All.Keys.Intersect(EventNames.All.Keys).ShouldBeEmpty();

    [Test]
    public void every_old_shape_has_a_golden_file() => Upcasts.All.Keys.ShouldBe(
        Directory.GetFiles(Golden(), "*.old.json").Select(file => Path.GetFileName(file)[..^".old.json".Length]),
        ignoreOrder: true);

    [Test]
    public void no_part_is_a_number_that_rounds_by_itself() => Types.SelectMany(Parts).ShouldAllBe(part =>
        part != typeof(double) && part != typeof(float) && part != typeof(decimal));

    [Test]
    public void names_of_kinds_never_change()
    {
        Names<ChargeKind>().ShouldBe("use fee proration true-up change merged");
        Names<LineKind>().ShouldBe("usage fee proration true-up correction");
        Names<DisputeOutcome>().ShouldBe("won lost");
    }

    private static string Names<T>() where T : struct, Enum => string.Join(' ', Enum.GetValues<T>()
        .Select(value => JsonSerializer.Serialize(value, StoredJson.Options).Trim('"')));

    private static IEnumerable<Type> Parts(Type type) => type.GetProperties().Select(part => part.PropertyType);

    private static void Refused(LedgerEvent happened, Action<JsonObject> change)
    {
        var json = JsonNode.Parse(StoredJson.Write(happened))!.AsObject();
        change(json);
        Should.Throw<JsonException>(() =>
            StoredJson.Read(NameOf(happened), JsonSerializer.SerializeToUtf8Bytes(json)));
    }

    private static string NameOf(LedgerEvent happened) => EventNames.Of(happened.GetType());

    private static string Golden([CallerFilePath] string path = "") =>
        Path.Combine(Path.GetDirectoryName(path)!, "..", "Golden");
}
