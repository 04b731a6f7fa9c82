using System.Globalization;
using System.Text;
using static Aspire.Hosting.Dashboard.OtlpInput;

namespace Aspire.Hosting.Dashboard;

/// <summary>What all three signals carry: attributes, the sender, the scope.</summary>
internal static class OtlpAttributes
{
    public const int MaxAttributes = 64;
    public const int MaxValueLength = 8 * 1024;
    public const int MaxTextLength = 16 * 1024;
    public const int MaxNameLength = 512;
    private const int MaxDepth = 8;

    public static string Cut(string text, int length) =>
        text.Length <= length ? text : string.Concat(text.AsSpan(0, length), "… (cut)");

    /// <summary>Adds the key and value under the current field; more than the limit is read and dropped.</summary>
    public static void Add(OtlpInput input, List<TelemetryAttribute> into)
    {
        var attribute = KeyValue(input, 0);
        if (into.Count < MaxAttributes) into.Add(attribute);
    }

    public static string Value(OtlpInput input) => AnyValue(input, 0).Text;

    public static Sender Resource(OtlpInput input)
    {
        var attributes = new List<TelemetryAttribute>();
        var outer = input.Enter();
        while (input.Next())
        {
            if (input.Tag == (1 << 3 | Length)) Add(input, attributes);
            else input.Skip();
        }

        input.Leave(outer);
        return Sender.From(attributes);
    }

    public static string Scope(OtlpInput input)
    {
        var name = "";
        var outer = input.Enter();
        while (input.Next())
        {
            if (input.Tag == (1 << 3 | Length)) name = Texts.Share(Cut(input.Text(), MaxNameLength));
            else input.Skip();
        }

        input.Leave(outer);
        return name;
    }

    private static TelemetryAttribute KeyValue(OtlpInput input, int depth)
    {
        var key = "";
        var value = "";
        var outer = input.Enter();
        while (input.Next())
        {
            if (input.Tag == (1 << 3 | Length)) key = Texts.Share(Cut(input.Text(), MaxNameLength));
            else if (input.Tag == (2 << 3 | Length)) value = Texts.Share(Cut(AnyValue(input, depth).Text, MaxValueLength));
            else input.Skip();
        }

        input.Leave(outer);
        return new(key, value);
    }

    private static (string Text, bool IsText) AnyValue(OtlpInput input, int depth)
    {
        var value = (Text: "", IsText: false);
        var outer = input.Enter();
        while (input.Next())
        {
            switch (input.Tag)
            {
                case 1 << 3 | Length: value = (input.Text(), true); break;
                case 2 << 3 | Varint: value = (input.Flag() ? "true" : "false", false); break;
                case 3 << 3 | Varint: value = (input.Integer().ToString(CultureInfo.InvariantCulture), false); break;
                case 4 << 3 | Fixed64: value = (input.Real().ToString("R", CultureInfo.InvariantCulture), false); break;
                case 5 << 3 | Length when depth < MaxDepth: value = (Elements(input, depth + 1), false); break;
                case 6 << 3 | Length when depth < MaxDepth: value = (Members(input, depth + 1), false); break;
                case 7 << 3 | Length: value = (Convert.ToBase64String(input.Bytes()), true); break;
                default: input.Skip(); break;
            }
        }

        input.Leave(outer);
        return value;
    }

    private static string Elements(OtlpInput input, int depth)
    {
        var text = new StringBuilder("[");
        var outer = input.Enter();
        while (input.Next())
        {
            if (input.Tag != (1 << 3 | Length))
            {
                input.Skip();
                continue;
            }

            var element = AnyValue(input, depth);
            if (text.Length > 1 && text.Length <= MaxTextLength) text.Append(", ");
            Append(text, element);
        }

        input.Leave(outer);
        return text.Append(']').ToString();
    }

    private static string Members(OtlpInput input, int depth)
    {
        var text = new StringBuilder("{");
        var outer = input.Enter();
        while (input.Next())
        {
            if (input.Tag != (1 << 3 | Length))
            {
                input.Skip();
                continue;
            }

            var member = KeyValue(input, depth);
            if (text.Length > 1 && text.Length <= MaxTextLength) text.Append(", ");
            if (text.Length <= MaxTextLength) text.Append(member.Key).Append(": ").Append(member.Value);
        }

        input.Leave(outer);
        return text.Append('}').ToString();
    }

    private static void Append(StringBuilder text, (string Text, bool IsText) value)
    {
        if (text.Length > MaxTextLength) return;
        if (value.IsText) text.Append('"').Append(value.Text).Append('"');
        else text.Append(value.Text);
    }
}
