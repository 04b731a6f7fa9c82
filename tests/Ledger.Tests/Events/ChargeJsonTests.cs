using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.Ledger.Events;
using FsCheck;
using FsCheck.Fluent;

namespace Billing.Ledger.Tests;

/// <summary>Charges have a way of their own into JSON and back. It says what the general way says.</summary>
public class ChargeJsonTests
{
    private static readonly JsonSerializerOptions General = Without();

    private static readonly string[] Texts =
    [
        "pricing", "", "Zoë", "\"quoted\"", "a\\b", "line\nbreak", "//platform/gateway", "<&'>", "tier 1",
        "\u2028",
    ];

    private static readonly Gen<string> AText = Gen.Elements(Texts);

    private static readonly Gen<string?> PerhapsText = Gen.Elements<string?>([null, .. Texts]);

    private static readonly Gen<bool> Coin = Gen.Elements(true, false);

    private static readonly Gen<Amount> AnAmount =
        from count in Gen.OneOf(
            Gen.Choose(-2_000_000_000, 2_000_000_000).Select(one => (Int128)one),
            Gen.Choose(-9, 9).Select(one => one * Int128.Parse("12345678901234567890123456789012345")))
        from currency in Gen.Elements("USD", "XOF", "KWD")
        select Amount.FromTrillionths(count, Currency.Of(currency));

    private static readonly Gen<DateTimeOffset> AMoment =
        from second in Gen.Choose(0, 2_000_000_000)
        from ticks in Gen.Elements(0, 1, 10, 5_000_000, 9_999_999, 1_234_560)
        select DateTimeOffset.UnixEpoch.AddSeconds(second).AddTicks(ticks);

    private static readonly Gen<BillingPeriod> APeriod =
        from start in AMoment
        from days in Gen.Choose(1, 40)
        select new BillingPeriod(start, start.AddDays(days));

    private static readonly Gen<Quantity?> PerhapsQuantity = Gen.Choose(-1_000_000, 1_000_000)
        .Select(one => one % 3 == 0 ? null : (Quantity?)Quantity.From(one / 1_000m));

    private static readonly Gen<ChargeStep> AStep =
        from what in AText
        from amount in AnAmount
        from units in PerhapsQuantity
        from price in Gen.Choose(0, 1_000_000)
        from rounded in Gen.Elements<bool?>(null, true, false)
        select new ChargeStep(
            what, amount, units,
            price % 3 == 0 ? null : UnitPrice.From(price / 1_000_000m, amount.Currency), rounded);

    private static readonly Gen<ChargeTrace> ATrace =
        from steps in AStep.ArrayOf()
        from rule in Gen.Elements<PriceRuleId?>(null, PriceRuleId.Of("rule-1"))
        from level in PerhapsText
        from before in AnAmount
        from has in Coin
        select new ChargeTrace(
            steps, rule, has ? 3 : null, level, has ? before : null, has ? null : before);

    private static readonly Gen<Origin> AnOrigin =
        from effective in AMoment
        from recorded in AMoment
        from actor in AText
        from reason in PerhapsText
        from cause in Gen.Elements(
            Cause.Of("key-1"), Cause.Of(new FactId(Guid.Parse("3b4c2b6d-acb7-88d0-9114-e966c5e0c58b"))))
        select new Origin(effective, recorded, actor, cause, reason);

    private static readonly Gen<ChargePosted> ACharge =
        from period in APeriod
        from late in APeriod
        from kind in Gen.Elements(Enum.GetValues<ChargeKind>())
        from amount in AnAmount
        from origin in AnOrigin
        from trace in ATrace
        from quantity in PerhapsQuantity
        from source in PerhapsText
        from has in Coin
        select new ChargePosted(
            TenantId.Of("tenant-1"), new(period, has ? SubscriptionId.Of("sub-1") : null), kind, amount,
            origin, trace, has ? late : null, has ? null : MeterId.Of("api_calls"), quantity,
            source is null ? null : new(source, "id", has ? 0 : 7),
            has ? [new(Guid.Parse("3b4c2b6d-acb7-88d0-9114-e966c5e0c58b"))] : null);

    [FsCheck.NUnit.Property(MaxTest = 500)]
    public Property both_ways_write_the_same_bytes_and_read_the_same() => Prop.ForAll(
        ACharge.ToArbitrary(), charge =>
        {
            var general = JsonSerializer.SerializeToUtf8Bytes(charge, General);
            StoredJson.Write(charge).ShouldBe(general);
            AgreeOn(general).ShouldBeTrue();
        });

    [FsCheck.NUnit.Property(MaxTest = 500)]
    public Property an_entry_has_the_bytes_of_its_contract() => Prop.ForAll(ACharge.ToArbitrary(), charge =>
    {
        var entry = Publishing.Of(new Recorded(Guid.CreateVersion7(), charge))!;
        WriteEntry.Of(charge).ShouldBe(ContractsJson.Write(entry));
    });

    [FsCheck.NUnit.Property(MaxTest = 500)]
    public Property both_ways_agree_on_what_somebody_has_changed() => Prop.ForAll(
        (from charge in ACharge
         from seed in Gen.Choose(0, 1_000_000)
         select (charge, seed)).ToArbitrary(),
        one =>
        {
            AgreeOn(Changed(JsonNode.Parse(StoredJson.Write(one.charge))!, new(one.seed)));
        });

    [Test]
    public void parts_may_come_in_any_order_and_blanks_between_them()
    {
        var golden = (ChargePosted)Samples.All.Single(sample => sample is ChargePosted);
        var json = JsonNode.Parse(StoredJson.Write(golden))!;

        AgreeOn(Utf8(Reversed(json).ToJsonString(new() { WriteIndented = true }))).ShouldBeTrue();
    }

    [TestCase("\"tenant\":\"tenant-1\"", "\"tenant\":\"tenant-1\",\"tenant\":\"tenant-1\"")]
    [TestCase("\"rounded\":true", "\"rounded\":true,\"rounded\":true")]
    [TestCase("\"start\":\"2026-04-01T00:00:00Z\"", "\"start\":\"2026-04-01T00:00:00.0Z\"")]
    [TestCase("\"start\":\"2026-04-01T00:00:00Z\"", "\"start\":\"2026-04-31T00:00:00Z\"")]
    [TestCase("\"start\":\"2026-04-01T00:00:00Z\"", "\"start\":\"2026-09-01T00:00:00Z\"")]
    [TestCase("\"start\":\"2026-04-01T00:00:00Z\"", "\"start\":\"2026-04-01T00:00:00.Z\"")]
    [TestCase("\"start\":\"2026-04-01T00:00:00Z\"", "\"start\":\"2026-04-01T00:00:00+00:00\"")]
    [TestCase("\"ruleVersion\":3", "\"ruleVersion\":3.0")]
    [TestCase("\"ruleVersion\":3", "\"ruleVersion\":\"3\"")]
    [TestCase("\"kind\":\"merged\"", "\"kind\":\"Merged\"")]
    [TestCase("\"kind\":\"merged\"", "\"kind\":null")]
    [TestCase("\"actor\":\"pricing\"", "\"actor\":null")]
    [TestCase("\"reason\":\"Late\"", "\"reason\":null")]
    [TestCase("\"amount\":\"12.345 USD\"", "\"amount\":\"12.3450 USD\"")]
    [TestCase("\"amount\":\"12.345 USD\"", "\"amount\":\"12.345\\u0020USD\"")]
    [TestCase("\"merges\":[", "\"merges\":[null,")]
    public void what_looks_otherwise_is_decided_by_the_general_way(string part, string other)
    {
        var golden = Encoding.UTF8.GetString(
            StoredJson.Write(Samples.All.Single(sample => sample is ChargePosted)));
        golden.ShouldContain(part);

        AgreeOn(Utf8(golden.Replace(part, other, StringComparison.Ordinal)));
    }

    // Whether it is a charge; they must not differ in that, nor in which.
    private static bool AgreeOn(byte[] json)
    {
        var (mine, general) = (Read(json, StoredJson.Options), Read(json, General));
        (mine is null).ShouldBe(general is null, Encoding.UTF8.GetString(json));
        if (mine is null) return false;

        JsonSerializer.SerializeToUtf8Bytes(mine, General)
            .ShouldBe(JsonSerializer.SerializeToUtf8Bytes(general, General));
        mine.Origin.ShouldBe(general!.Origin);
        (mine.Booking, mine.Serves, mine.Usage).ShouldBe((general.Booking, general.Serves, general.Usage));
        return true;
    }

    private static ChargePosted? Read(byte[] json, JsonSerializerOptions options)
    {
        try
        {
            return (ChargePosted)ContractsJson.Read(typeof(ChargePosted), json, options);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static byte[] Changed(JsonNode json, System.Random random)
    {
        var objects = Objects(json).ToList();
        var one = objects[random.Next(objects.Count)];
        var names = one.Select(part => part.Key).ToList();
        if (names.Count == 0) return Utf8(json.ToJsonString());

        var name = names[random.Next(names.Count)];
        switch (random.Next(5))
        {
            case 0: one.Remove(name); break;
            case 1: one[name] = null; break;
            case 2: one[name] = random.Next(3); break;
            case 3: one[name] = Texts[random.Next(Texts.Length)]; break;
            default: one["addedLater"] = "x"; break;
        }

        return Utf8(json.ToJsonString());
    }

    private static IEnumerable<JsonObject> Objects(JsonNode? node) => node switch
    {
        JsonObject one => [one, .. one.SelectMany(part => Objects(part.Value))],
        JsonArray many => many.SelectMany(Objects),
        _ => [],
    };

    private static JsonNode Reversed(JsonNode node) => node is JsonObject one
        ? new JsonObject(one.Reverse().Select(part =>
            KeyValuePair.Create(part.Key, part.Value is null ? null : (JsonNode?)Reversed(part.Value))))
        : node.DeepClone();

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static JsonSerializerOptions Without()
    {
        var options = new JsonSerializerOptions(StoredJson.Options);
        options.Converters.Remove(options.Converters.Single(one => one.CanConvert(typeof(ChargePosted))));
        return options;
    }
}
