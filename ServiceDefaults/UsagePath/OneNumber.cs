using Npgsql;
using NpgsqlTypes;

namespace Billing.ServiceDefaults.UsagePath;

/// <summary>
/// As <see cref="TopicNumbers"/> asks and is answered, for one fact alone: without lists it costs half.
/// </summary>
internal static class OneNumber
{
    private const string Sql =
        "select last_number, previous_fact from send_fact($1, $2, $3, $4, $5, $6, $7)";

    public static NpgsqlBatchCommand Command(OutgoingFact fact) => new(Sql)
    {
        Parameters =
        {
            new NpgsqlParameter<string> { TypedValue = fact.Topic },
            new NpgsqlParameter<int> { TypedValue = fact.Lane },
            new NpgsqlParameter<Guid> { TypedValue = fact.Id.Value },
            new NpgsqlParameter<string> { TypedValue = fact.WireName },
            new NpgsqlParameter<string> { TypedValue = fact.Key },
            new NpgsqlParameter<ReadOnlyMemory<byte>>
            {
                TypedValue = fact.Body,
                NpgsqlDbType = NpgsqlDbType.Bytea,
            },
            new() { Value = (object?)fact.Trace ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
        },
    };
}
