using System.Text;
using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Tests;

/// <summary>The short way of reading charges says what the usual one says, or nothing.</summary>
public class BriefChargeTests
{
    private static readonly string Golden = Encoding.UTF8.GetString(StoredJson.Write(Whole));

    private static ChargePosted Whole => Given.Posted with
    {
        Booking = new(Given.March, Given.Sub),
        Serves = new(Given.March.Start.AddTicks(1_234_560), Given.March.EndExclusive.AddMonths(1)),
        Quantity = Quantity.From(1_500.000000001m),
        Usage = new("//platform/gateway", "req-4711", 0),
        Merges = [new(Given.Id("merged"))],
        Origin = Given.Posted.Origin with { Reason = "Läte \" \\ \u2028" },
    };

    [Test]
    public void it_reads_what_the_usual_way_reads_but_for_the_arithmetic()
    {
        foreach (var posted in new[] { Whole, Given.Posted, Whole with { Kind = ChargeKind.TrueUp, Meter = null } })
        {
            var usual = (ChargePosted)StoredJson.Read(EventNames.ChargePosted, StoredJson.Write(posted));
            var read = ReadCharge.Brief(StoredJson.Write(posted))!;

            (read with { Trace = usual.Trace, Usage = usual.Usage, Merges = usual.Merges }).ShouldBe(usual);
        }
    }

    [TestCase("\"kind\":\"use\"", "\"kind\":\"Use\"")]
    [TestCase("\"kind\":\"use\",", "")]
    [TestCase("\"tenant\":", "\"stranger\":1,\"tenant\":")]
    [TestCase("\"trace\":{", "\"trace\":null,\"trays\":{")]
    [TestCase("T00:00:00Z", "T00:00:00.10Z")]
    [TestCase("T00:00:00Z", "T00:00:00+00:00")]
    [TestCase("2026-03-01T", "2026-02-30T")]
    [TestCase("\"actor\":\"", "\"actor\":null,\"reasons\":\"")]
    [TestCase("1500.000000001", "01500")]
    public void it_gives_up_at_anything_else(string usual, string other)
    {
        Golden.ShouldContain(usual);

        ReadCharge.Brief(Encoding.UTF8.GetBytes(Golden.Replace(usual, other, StringComparison.Ordinal)))
            .ShouldBeNull();
    }
}
