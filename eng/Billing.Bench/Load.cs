using System.Buffers;
using System.Globalization;
using System.Text;

namespace Billing.Bench;

/// <summary>Events as a platform would send them: a few tenants have most of the use (Zipf).</summary>
internal sealed class Load
{
    public const int Tenants = 1_000;

    public static readonly string[] Sources = ["/bench/0", "/bench/1", "/bench/2", "/bench/3"];

    private static readonly double[] Shares = Zipf();
    private static readonly byte[][] TenantNames =
        [.. Enumerable.Range(0, Tenants).Select(number => Encoding.UTF8.GetBytes(Tenant(number)))];

    private readonly Random _random;
    private readonly string _prefix;
    private readonly byte[] _time = Encoding.UTF8.GetBytes(
        DateTimeOffset.UtcNow.AddMinutes(-5).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));

    private long _number;

    public Load(string prefix, int seed) => (_prefix, _random) = (prefix, new Random(seed));

    public static string Tenant(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"tenant-{number:0000}");

    public void Write(IBufferWriter<byte> into)
    {
        var tenant = Array.BinarySearch(Shares, _random.NextDouble());
        tenant = Math.Min(tenant < 0 ? ~tenant : tenant, Tenants - 1);
        into.Write("{\"specversion\":\"1.0\",\"id\":\""u8);
        into.Write(Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{_prefix}-{_number++}")));
        into.Write("\",\"source\":\""u8);
        into.Write(Encoding.UTF8.GetBytes(Sources[_random.Next(Sources.Length)]));
        into.Write("\",\"type\":\"storage\",\"subject\":\""u8);
        into.Write(TenantNames[tenant]);
        into.Write("\",\"time\":\""u8);
        into.Write(_time);
        into.Write("\",\"datacontenttype\":\"application/json\",\"data\":{\"bytes\":"u8);
        into.Write(Encoding.UTF8.GetBytes(_random.Next(1, 1_000_000).ToString(CultureInfo.InvariantCulture)));
        into.Write(",\"region\":\"eu-west-1\",\"class\":\"standard\"}}"u8);
    }

    public byte[] Batch(int events)
    {
        var body = new ArrayBufferWriter<byte>(events * 256);
        if (events > 1) body.Write("["u8);
        for (var one = 0; one < events; one++)
        {
            if (one > 0) body.Write(","u8);
            Write(body);
        }

        if (events > 1) body.Write("]"u8);
        return body.WrittenSpan.ToArray();
    }

    private static double[] Zipf()
    {
        var sums = new double[Tenants];
        var sum = 0.0;
        for (var rank = 0; rank < Tenants; rank++) sums[rank] = sum += 1.0 / (rank + 1);
        for (var rank = 0; rank < Tenants; rank++) sums[rank] /= sum;
        return sums;
    }
}
