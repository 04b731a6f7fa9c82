using System.Text;
using System.Text.Json;
using Billing.Contracts.Plain;
using Billing.Contracts.Ratings;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;

namespace Billing.Contracts.Tests;

/// <summary>
/// Two messages have a way of their own into JSON and back. It may refuse, and then the general way is taken; where it
/// does not, nobody may be able to tell them apart.
/// </summary>
public sealed class PlainFormTests
{
    private const int Seed = 20260314;

    private static readonly Currency[] Currencies = [Currency.Of("USD"), Currency.Of("XOF"), Currency.Of("KWD")];

    private static IEnumerable<object> Messages(int count)
    {
        var random = new Random(Seed);
        for (var one = 0; one < count; one++)
            yield return one % 2 == 0 ? Usage(random) : Rating(random);
    }

    [Test]
    public void messages_of_every_day_take_it()
    {
        foreach (var message in Samples.All.Where(sample => sample is UseRatedV1 or UsageAcceptedV1))
        {
            var json = PlainMessages.Write(message).ShouldNotBeNull();
            PlainMessages.Read(message.GetType(), json).ShouldNotBeNull();
        }
    }

    [Test]
    public void both_ways_write_the_same_bytes()
    {
        foreach (var message in Messages(2_000)) ContractsJson.Write(message).ShouldBe(General(message));
    }

    [Test]
    public void both_ways_read_the_same()
    {
        foreach (var message in Messages(2_000))
        {
            var json = General(message);
            General(ContractsJson.Read(message.GetType(), json)).ShouldBe(json);
        }
    }

    // In the properties of usage there is whatever a platform sends.
    [Test]
    public void every_character_is_written_as_the_general_way_does()
    {
        var random = new Random(Seed);
        for (var letter = 0; letter < 0x300; letter++)
            foreach (var text in new[] { $"{(char)letter}", $"a{(char)letter}b", $"{(char)letter}\"\\" })
            {
                var usage = Usage(random) with
                {
                    Type = text,
                    Properties = new([new($"name {text}", "v"), new("n", text)]),
                    Measures = [new(MeterId.Of("m"), Quantity.One, text)],
                };
                ContractsJson.Write(usage).ShouldBe(General(usage));
                General(ContractsJson.Read<UsageAcceptedV1>(General(usage))).ShouldBe(General(usage));
            }
    }

    [Test]
    public void what_it_reads_of_broken_json_the_general_way_reads_as_well_and_alike()
    {
        var random = new Random(Seed);
        var plain = 0;
        foreach (var message in Messages(400))
            for (var time = 0; time < 50; time++)
            {
                var json = Broken(General(message), random);
                if (PlainMessages.Read(message.GetType(), json) is not { } read) continue;

                plain++;
                var general = ContractsJson.Read(message.GetType(), json, ContractsJson.Options);
                General(read).ShouldBe(General(general), Encoding.UTF8.GetString(json));
            }

        plain.ShouldBeGreaterThan(100); // a digit of a number for another is not broken at all
    }

    [Test]
    public void properties_that_were_passed_on_are_those_that_were_given()
    {
        var given = new Properties([new("b", "2"), new("a", "1"), new("c d", "x:y,{}[]")]);
        var usage = Usage(new(Seed)) with { Properties = given };

        var read = ContractsJson.Read<UsageAcceptedV1>(ContractsJson.Write(usage)).Properties;

        read.ToJson().ShouldBe(given.ToJson());
        read.Find("b").ShouldBe("2");
        read.Find("e").ShouldBeNull();
        read.ShouldBe(given);
        read.GetHashCode().ShouldBe(given.GetHashCode());
        read.All.Keys.ShouldBe(["a", "b", "c d"]);
    }

    private static byte[] General(object message) =>
        JsonSerializer.SerializeToUtf8Bytes(message, message.GetType(), ContractsJson.Options);

    // Some bytes others, fewer or twice.
    private static byte[] Broken(byte[] json, Random random)
    {
        var bytes = json.ToList();
        for (var times = random.Next(1, 3); times > 0; times--)
        {
            var place = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0: bytes.RemoveAt(place); break;
                case 1: bytes.Insert(place, bytes[random.Next(bytes.Count)]); break;
                case 2: bytes[place] = (byte)"0123456789-.Z\"\\{}[],: aA\u00e9"[random.Next(25)]; break;
                default: bytes[place] = (byte)('0' + random.Next(10)); break;
            }
        }

        return [.. bytes];
    }

    private static UsageAcceptedV1 Usage(Random random) => new(
        TenantId.Of($"tenant-{random.Next(1_000)}"), Event(random), random.Next(2) == 0 ? 0 : random.Next(), Text(random),
        Moment(random), Moment(random), (UsageScope)random.Next(2),
        new(Enumerable.Range(0, random.Next(4)).Select(
            number => new KeyValuePair<string, string>($"{(char)('z' - number)}{random.Next(9)}", Text(random)))),
        [.. Enumerable.Range(0, random.Next(1, 4)).Select(number => new MeasureV1(
            MeterId.Of($"meter-{number}"), Units(random), random.Next(3) == 0 ? Text(random) : null))],
        random.NextInt64(1_000_000_000_000));

    private static UseRatedV1 Rating(Random random)
    {
        var currency = Currencies[random.Next(Currencies.Length)];
        var start = Moment(random);
        return new(
            TenantId.Of("t"), Event(random), random.Next(3), MeterId.Of("api_calls"),
            new(start, start.AddDays(random.Next(1, 32))), Moment(random), Units(random), Money(random, currency),
            new(
                [.. Enumerable.Range(0, random.Next(4)).Select(number => new TraceStepV1(
                    $"tier {number}", Money(random, currency), random.Next(2) == 0 ? Units(random) : null,
                    random.Next(2) == 0 ? Price(random, currency) : null, random.Next(2) == 0))],
                random.Next(2) == 0 ? PriceRuleId.Of("rule-1") : null, random.Next(2) == 0 ? random.Next() : null,
                random.Next(2) == 0 ? (PriceLevel)random.Next(4) : null,
                random.Next(2) == 0 ? Money(random, currency) : null,
                random.Next(2) == 0 ? Money(random, currency) : null),
            random.Next(2) == 0 ? SubscriptionId.Of($"s-{random.Next(9)}") : null);
    }

    private static EventId Event(Random random) => new("//platform/gateway", $"req {random.Next()}/{random.Next(9)}");

    private static string Text(Random random) => random.Next(8) switch
    {
        0 => "",
        1 => "with \"quotes\" and \\",
        2 => "größer",
        3 => "<a href='x'>&+</a>",
        _ => $"text-{random.Next(1_000)}",
    };

    private static DateTimeOffset Moment(Random random)
    {
        var day = new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero).AddDays(random.Next(36_500));
        return random.Next(3) switch
        {
            0 => day,
            1 => day.AddMilliseconds(random.Next(86_400_000)),
            _ => day.AddTicks(random.NextInt64(TimeSpan.TicksPerDay)).ToOffset(TimeSpan.FromHours(random.Next(9))),
        };
    }

    private static Quantity Units(Random random) => Quantity.FromBillionths(Count(random));

    private static Amount Money(Random random, Currency currency) => Amount.FromTrillionths(Count(random), currency);

    private static UnitPrice Price(Random random, Currency currency) =>
        UnitPrice.From(random.Next() / 1_000_000_000m, currency);

    private static Int128 Count(Random random) => random.Next(5) switch
    {
        0 => 0,
        1 => random.NextInt64() * (Int128)random.NextInt64(),
        2 => -random.NextInt64(),
        3 => random.Next(-100, 100) * (Int128)1_000_000_000_000,
        _ => random.NextInt64(),
    };
}
