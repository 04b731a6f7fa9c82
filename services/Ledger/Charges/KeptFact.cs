using System.Collections.Frozen;
using System.Runtime.InteropServices;
using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.UsagePath;

namespace Billing.Ledger.Charges;

/// <summary>
/// A fact as it came, kept until it can be applied: the body of a row of waiting_facts. Changes only by
/// additions.
/// </summary>
/// <param name="Body">The record as JSON, of the kind that <paramref name="WireName"/> names.</param>
public sealed record KeptFact(string Topic, FactId Id, string WireName, byte[] Body, string? Trace = null)
{
    public static KeptFact Of(Fact fact) => new(
        fact.Topic, fact.Id, fact.WireName,
        MemoryMarshal.TryGetArray(fact.Body, out var whole) && whole.Count == whole.Array!.Length
            ? whole.Array
            : fact.Body.ToArray(),
        fact.Trace);

    public static KeptFact Read(ReadOnlySpan<byte> json) => ContractsJson.Read<KeptFact>(json);

    public byte[] Write() => ContractsJson.Write(this);

    /// <exception cref="JsonException">Not a message that this version knows.</exception>
    public object Message() => ContractsJson.Read(
        WireNames.Find(WireName) ?? throw new JsonException($"{WireName} is not known."), Body);
}

/// <summary>What a kept fact waits for: the column kind of waiting_facts, for ever.</summary>
public static class WaitingKinds
{
    /// <summary>Ratings of a subscription that the catalog does not have yet; judged by its number.</summary>
    public const string Subscription = "ledger-subscription";

    /// <summary>Cancels whose charge is not posted, by the charge's id.</summary>
    public const string Charge = "ledger-charge";

    /// <summary>Cancels in a period that is being invoiced, by the stream of that period.</summary>
    public const string Period = "ledger-period";

    /// <summary>Asks and payments of an invoice that is not issued, by its id.</summary>
    public const string Invoice = "ledger-invoice";

    /// <summary>Refunds and disputes of a payment that did not come yet, by its id.</summary>
    public const string Payment = "ledger-payment";

    public static string Of(Events.Missing missing) => Kinds[missing];

    private static readonly FrozenDictionary<Events.Missing, string> Kinds =
        new Dictionary<Events.Missing, string>
        {
            [Events.Missing.Subscription] = Subscription,
            [Events.Missing.Charge] = Charge,
            [Events.Missing.Period] = Period,
            [Events.Missing.Invoice] = Invoice,
            [Events.Missing.Payment] = Payment,
        }.ToFrozenDictionary();
}
