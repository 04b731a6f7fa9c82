using Billing.Contracts.Ratings;
using Billing.Contracts.Usage;

namespace Billing.Contracts.Plain;

/// <summary>
/// The two messages that are as many as there are events have a way of their own into JSON and back, for the
/// form that they nearly always have. Null: the general way has to do it.
/// </summary>
internal static class PlainMessages
{
    private const int LongestMessage = 16 * 1024;

    [ThreadStatic] private static byte[]? place;

    public static byte[]? Write(object message) => message switch
    {
        UseRatedV1 rating => UseRatedJson.Write(rating, place ??= new byte[LongestMessage]),
        UsageAcceptedV1 usage => UsageAcceptedJson.Write(usage, place ??= new byte[LongestMessage]),
        _ => null,
    };

    public static object? Read(Type message, ReadOnlySpan<byte> json)
    {
        if (message == typeof(UsageAcceptedV1)) return UsageAcceptedJson.Read(json);

        return message == typeof(UseRatedV1) ? UseRatedJson.Read(json) : null;
    }
}
