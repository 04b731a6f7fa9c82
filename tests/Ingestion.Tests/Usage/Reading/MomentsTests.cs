using System.Globalization;
using System.Text;
using Billing.Contracts.Values;
using Billing.Ingestion.Usage.Reading;

namespace Billing.Ingestion.Tests.Usage.Reading;

public class MomentsTests
{
    [Property(MaxTest = 2_000)]
    public void every_moment_and_offset_comes_back_cut_to_microseconds(DateTime at, int offset)
    {
        var moment = new DateTimeOffset(
            DateTime.SpecifyKind(at, DateTimeKind.Unspecified), TimeSpan.FromMinutes(offset % (14 * 60)));
        var text = moment.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffffzzz", CultureInfo.InvariantCulture);

        Read(text).ShouldBe(Moments.Cut(moment), text);
    }

    [TestCase(0)]
    [TestCase(9)]
    [TestCase(10)]
    [TestCase(2_500_000)]
    [TestCase(1_234_560)]
    [TestCase(9_999_999)]
    public void a_moment_is_written_as_the_contracts_write_it(long ticks)
    {
        var moment = new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.FromHours(2)).AddTicks(ticks);
        Span<byte> text = stackalloc byte[Moments.LongestText];
        Encoding.UTF8.GetString(text[..Moments.Write(moment, text)])
            .ShouldBe(moment.UtcDateTime.ToString(MomentJson.Format, CultureInfo.InvariantCulture));
    }

    [TestCase("2026-03-14T12:00:00Z", "2026-03-14T12:00:00.0000000")]
    [TestCase("2026-03-14t12:00:00z", "2026-03-14T12:00:00.0000000")]
    [TestCase("2026-03-14T12:00:00.5Z", "2026-03-14T12:00:00.5000000")]
    [TestCase("2026-03-14T12:00:00.123456789-01:30", "2026-03-14T13:30:00.1234560")]
    [TestCase("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.0000000")]
    [TestCase("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.0000000")]
    public void RFC_3339_is_read(string text, string utc) =>
        Read(text)!.Value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff", CultureInfo.InvariantCulture)
            .ShouldBe(utc);

    [TestCase("2026-03-14")]
    [TestCase("2026-03-14T12:00:00")]
    [TestCase("2026-03-14 12:00:00Z")]
    [TestCase("2026-03-14T12:00Z")]
    [TestCase("2026-02-29T12:00:00Z")]
    [TestCase("2026-13-01T12:00:00Z")]
    [TestCase("2026-03-14T24:00:00Z")]
    [TestCase("2026-03-14T12:00:61Z")]
    [TestCase("2026-03-14T12:00:00.Z")]
    [TestCase("2026-03-14T12:00:00+0100")]
    [TestCase("2026-03-14T12:00:00+24:00")]
    [TestCase("2026-03-14T12:00:00Zjunk")]
    [TestCase("0000-01-01T00:00:00Z")]
    [TestCase("0001-01-01T00:00:00+01:00")]
    [TestCase("9999-12-31T23:59:59-01:00")]
    [TestCase("20260314T120000Z")]
    public void nothing_else_is(string text) => Read(text).ShouldBeNull();

    private static DateTimeOffset? Read(string text) =>
        Moments.TryRead(Encoding.UTF8.GetBytes(text), out var moment) ? moment : null;
}
