using System.Collections.Frozen;
using Billing.Ledger.Events;
using Npgsql;

namespace Billing.Ledger.Projections;

/// <summary>
/// Tables that are a function of the events up to a position: however the events are cut into pages, the rows
/// come out the same.
/// </summary>
public interface IReadModel
{
    /// <summary>Its row in ledger_models, in kebab-case.</summary>
    string Name { get; }

    /// <summary>Its tables. It writes no others, and reads no others but the event store's.</summary>
    IReadOnlyList<string> Tables { get; }

    /// <summary>False for an event of which nobody has decided what it means here: the model stops.</summary>
    bool Knows(Type happened);

    /// <summary>Adds what a page changes, to be run in the transaction of the batch's connection.</summary>
    /// <param name="page">Follows the one before without a gap.</param>
    Task AddTo(NpgsqlBatch batch, EventPage page, CancellationToken cancellation);
}

/// <summary>The read models of the ledger.</summary>
public static class ReadModels
{
    public static IReadOnlyList<IReadModel> All { get; } =
    [
        new ChargesModel(), new JournalModel(), new BalancesModel(), new TrialBalanceModel(),
        new UsageDaysModel(), new OpenItemsModel(),
    ];

    /// <summary>
    /// Every event of which somebody has decided what it means in each model above, if only that it means
    /// nothing there. A new event is added here when that is done, and not before.
    /// </summary>
    public static FrozenSet<Type> Known { get; } = FrozenSet.Create(
        typeof(ChargePosted), typeof(ChargeVoided), typeof(ChargeCredited), typeof(ChargeAdjusted),
        typeof(ChargeTakenBack), typeof(CorrectionReversed), typeof(CreditGranted), typeof(CreditApplied),
        typeof(CreditExpired), typeof(InvoiceIssued), typeof(CreditNoteIssued), typeof(LineCorrected),
        typeof(PaymentReceived), typeof(PaymentFailed), typeof(PaymentDisputed), typeof(RefundIssued),
        typeof(WrittenOff), typeof(PeriodClosed), typeof(PeriodReopened), typeof(ChargeRefused),
        typeof(AskRefused));
}
