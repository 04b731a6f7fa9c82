using System.Data.Common;
using Npgsql;
using Wolverine.Persistence.Durability;
using Wolverine.Postgresql;

namespace Wolverine.RDBMS;

/// <summary>A store of messages that is a relational database.</summary>
public interface IMessageDatabase : IMessageStore;

/// <summary>
/// A transaction of the caller's, in the database that stores messages. The caller enlists it in a
/// <see cref="Runtime.MessageContext"/> with that context's <c>Storage</c>, commits, and then calls
/// <see cref="Runtime.MessageContext.FlushOutgoingMessagesAsync"/>.
/// </summary>
public sealed class DatabaseEnvelopeTransaction(IMessageDatabase database, DbTransaction tx)
    : IEnvelopeTransaction
{
    private readonly PostgresqlMessageStore store = (PostgresqlMessageStore)database;
    private readonly NpgsqlConnection connection = (NpgsqlConnection)(tx.Connection
        ?? throw new InvalidOperationException("The transaction has ended."));

    Task IEnvelopeTransaction.Persist(Envelope envelope, CancellationToken cancellation)
    {
        // It throws when the transaction has ended: the connection would take the statement all the same.
        _ = tx.IsolationLevel;

        return store.Insert(connection, [envelope], cancellation);
    }
}
