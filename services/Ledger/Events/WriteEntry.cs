using System.Buffers;
using System.Text.Json;
using Billing.Contracts;
using static Billing.Ledger.Events.WriteCharge;
using Part = Billing.Ledger.Events.ChargeParts;

namespace Billing.Ledger.Events;

/// <summary>The entry of a charge as JSON, made without the entry: <see cref="Publishing"/>.</summary>
internal static class WriteEntry
{
    private const int Usual = 768;

    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = ContractsJson.Options.Encoder,
        SkipValidation = true,
    };

    /// <param name="charge">One that <see cref="CanWrite"/> says can be written.</param>
    public static byte[] Of(ChargePosted charge)
    {
        var into = new ArrayBufferWriter<byte>(Usual);
        using (var json = new Utf8JsonWriter(into, Options))
        {
            json.WriteStartObject();
            Value(json, Part.Tenant, charge.Tenant);
            Write(json, charge.Booking);
            json.WriteString(Part.Kind, Part.Kinds[(int)charge.Kind]);
            Write(json, Part.Serves, charge.Served());
            Value(json, Part.Amount, charge.Amount);
            Write(json, charge.Origin);
            Optional(json, Part.Meter, charge.Meter);
            Optional(json, Part.Quantity, charge.Quantity);
            json.WriteEndObject();
        }

        return into.WrittenSpan.ToArray();
    }
}
