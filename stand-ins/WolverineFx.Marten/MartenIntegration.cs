using Marten;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Wolverine.Postgresql;
using Wolverine.Runtime.Persistence;

namespace Wolverine.Marten;

/// <summary>How messages are stored beside Marten's tables.</summary>
public class MartenIntegration : IWolverineExtension
{
    /// <summary>The default is the schema of Marten's own tables.</summary>
    public string? MessageStorageSchemaName { get; set; }

    public void Configure(WolverineOptions options) => options.Storage ??= (services, _) =>
    {
        var marten = ((DocumentStore)services.GetRequiredService<IDocumentStore>()).Parts.Options;
        var schema = MessageStorageSchemaName
            ?? options.Durability.MessageStorageSchemaName ?? marten.DatabaseSchemaName;
        return new PostgresqlMessageStore(marten.DataSource!, Schema.Checked(schema));
    };
}

public static class WolverineOptionsMartenExtensions
{
    /// <summary>
    /// Messages are stored in Marten's database; handlers with a session can be one transaction of it.
    /// </summary>
    public static MartenServiceCollectionExtensions.MartenConfigurationExpression IntegrateWithWolverine(
        this MartenServiceCollectionExtensions.MartenConfigurationExpression expression,
        Action<MartenIntegration>? configure = null)
    {
        var integration = new MartenIntegration();
        configure?.Invoke(integration);
        expression.Services.AddSingleton<IWolverineExtension>(integration);
        expression.Services.AddSingleton<IHandlerTransactions, MartenTransactions>();
        expression.Services.TryAddScoped<IMartenOutbox, MartenOutbox>();
        expression.Services.TryAddScoped<IDocumentOperations>(
            services => services.GetRequiredService<IDocumentSession>());

        return expression;
    }
}
