using Marten;
using Marten.Services;
using Wolverine.Persistence.Durability;
using Wolverine.Postgresql;
using Wolverine.Runtime;
using Wolverine.Runtime.Persistence;

namespace Wolverine.Marten;

/// <summary>Writes messages among a session's changes, and releases them when these are committed.</summary>
internal sealed class EnrolledSession : DocumentSessionListenerBase, IEnvelopeTransaction
{
    private readonly IDocumentSession session;
    private readonly MessageContext context;
    private readonly PostgresqlMessageStore store;

    private EnrolledSession(IDocumentSession session, MessageContext context)
    {
        (this.session, this.context) = (session, context);
        store = context.Storage as PostgresqlMessageStore
            ?? throw new InvalidOperationException("Messages are not stored in Marten's database.");
    }

    public static EnrolledSession Enroll(IDocumentSession session, MessageContext context)
    {
        var enrolled = new EnrolledSession(session, context);
        context.Enlist(enrolled);
        session.Listeners.Add(enrolled);

        return enrolled;
    }

    Task IEnvelopeTransaction.Persist(Envelope envelope, CancellationToken cancellation)
    {
        // A null has no type that a placeholder could take.
        var scheduled = envelope.ScheduledTime is { } at ? [at.ToUniversalTime()] : Array.Empty<object>();
        session.QueueSqlCommand(
            $"""
            insert into {store.Incoming}
                (id, status, owner_id, attempts, body, message_type, received_at, execution_time)
            values (?, ?, ?, ?, ?, ?, ?, {(scheduled.Length == 0 ? "null" : "?")})
            """,
            [
                envelope.Id, envelope.Status.ToString(), envelope.OwnerId, envelope.Attempts, envelope.Body!,
                envelope.MessageType!, envelope.Destination!.ToString(), .. scheduled,
            ]);
        return Task.CompletedTask;
    }

    /// <summary>
    /// The transaction fails, on a division by zero, when the message is another node's by now.
    /// </summary>
    public void MarkHandled(Guid id, int owner, DateTimeOffset keepUntil) => session.QueueSqlCommand(
        $"""
        with marked as (
            update {store.Incoming} set status = 'Handled', owner_id = 0, keep_until = ?
            where id = ? and owner_id = ? and status = 'Incoming' returning id)
        select 1 / count(*) from marked
        """, keepUntil.ToUniversalTime(), id, owner);

    public override async Task AfterCommitAsync(
        IDocumentSession session, IChangeSet commit, CancellationToken token)
    {
        await context.FlushOutgoingMessagesAsync();
        context.Enlist(this);
    }
}

/// <summary>One handler, one session, one commit.</summary>
internal sealed class MartenTransactions : IHandlerTransactions
{
    public bool Provides(Type service) => IsSession(service) || service == typeof(IQuerySession);

    public bool IsSession(Type service) =>
        service == typeof(IDocumentSession) || service == typeof(IDocumentOperations);

    public IHandlerTransaction Begin(IServiceProvider services, MessageContext context)
    {
        var session = (IDocumentSession)services.GetService(typeof(IDocumentSession))!;
        return new Transaction(session, context, EnrolledSession.Enroll(session, context));
    }

    private sealed class Transaction(
        IDocumentSession session, MessageContext context, EnrolledSession enrolled) : IHandlerTransaction
    {
        public async Task Commit(int owner, DateTimeOffset keepUntil, CancellationToken cancellation)
        {
            var id = context.Envelope!.Id;
            if (owner != 0) enrolled.MarkHandled(id, owner, keepUntil);
            try
            {
                await session.SaveChangesAsync(cancellation);
            }
            catch (Exception) when (owner != 0 && !cancellation.IsCancellationRequested)
            {
                var store = (DurableStore)context.Storage;
                if (!(await store.StillOwned([id], owner, cancellation)).Contains(id))
                    throw new NotOurMessageException(id);

                throw;
            }
        }
    }
}
