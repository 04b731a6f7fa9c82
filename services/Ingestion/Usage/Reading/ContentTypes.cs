using System.Text;

namespace Billing.Ingestion.Usage.Reading;

/// <summary>Media types, without regard to letter case and parameters.</summary>
public static class ContentTypes
{
    public const string Event = "application/cloudevents+json";
    public const string Batch = "application/cloudevents-batch+json";
    public const string Json = "application/json";

    private const int Longest = 256;

    /// <summary>application/json, or something that is written in it.</summary>
    public static bool IsJson(ReadOnlySpan<byte> contentType)
    {
        if (contentType.Length > Longest || !Ascii.IsValid(contentType)) return false;

        Span<char> text = stackalloc char[Longest];
        return IsJson(text[..Encoding.ASCII.GetChars(contentType, text)]);
    }

    public static bool IsJson(ReadOnlySpan<char> contentType)
    {
        var media = Media(contentType);
        return media.Equals(Json, StringComparison.OrdinalIgnoreCase)
            || media.Equals("text/json", StringComparison.OrdinalIgnoreCase)
            || media.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
    }

    public static bool Is(ReadOnlySpan<char> contentType, string media) =>
        Media(contentType).Equals(media, StringComparison.OrdinalIgnoreCase);

    private static ReadOnlySpan<char> Media(ReadOnlySpan<char> contentType)
    {
        var end = contentType.IndexOf(';');
        return (end < 0 ? contentType : contentType[..end]).Trim();
    }
}
