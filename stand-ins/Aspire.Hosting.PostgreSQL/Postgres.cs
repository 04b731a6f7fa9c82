using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Aspire.Hosting.ApplicationModel
{
    /// <summary>A PostgreSQL server in a container.</summary>
    public class PostgresServerResource : ContainerResource, IResourceWithConnectionString
    {
        internal const string PrimaryEndpointName = "tcp";
        internal const string DefaultUserName = "postgres";

        private readonly Dictionary<string, string> _databases = new(StringComparer.OrdinalIgnoreCase);

        public PostgresServerResource(string name, ParameterResource? userName, ParameterResource password)
            : base(name)
        {
            ArgumentNullException.ThrowIfNull(password);
            UserNameParameter = userName;
            PasswordParameter = password;
            PrimaryEndpoint = new EndpointReference(this, PrimaryEndpointName);
        }

        public EndpointReference PrimaryEndpoint { get; }
        public EndpointReferenceExpression Host => PrimaryEndpoint.Property(EndpointProperty.Host);
        public EndpointReferenceExpression Port => PrimaryEndpoint.Property(EndpointProperty.Port);
        public ParameterResource? UserNameParameter { get; set; }
        public ParameterResource PasswordParameter { get; set; }

        /// <summary>Resource name → name of the database on the server.</summary>
        public IReadOnlyDictionary<string, string> Databases => _databases;

        public ReferenceExpression UserNameReference => UserNameParameter is { } user
            ? ReferenceExpression.Create($"{user}") : ReferenceExpression.Create($"{DefaultUserName}");

        public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create(
            $"Host={Host};Port={Port};Username={UserNameReference};Password={PasswordParameter}");

        public ReferenceExpression UriExpression => ReferenceExpression.Create(
            $"postgresql://{UserNameReference:uri}:{PasswordParameter:uri}@{Host}:{Port}");

        IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() =>
        [
            new("Host", ReferenceExpression.Create($"{Host}")),
            new("Port", ReferenceExpression.Create($"{Port}")),
            new("Username", UserNameReference),
            new("Password", ReferenceExpression.Create($"{PasswordParameter}")),
            new("Uri", UriExpression),
        ];

        internal void AddDatabase(string name, string databaseName) => _databases.TryAdd(name, databaseName);
    }

    /// <summary>
    /// A database on a PostgreSQL server, created when the server is ready and it does not exist.
    /// </summary>
    public class PostgresDatabaseResource(
        string name, string databaseName, PostgresServerResource postgresParentResource)
        : Resource(name), IResourceWithParent<PostgresServerResource>, IResourceWithConnectionString
    {
        public PostgresServerResource Parent { get; } = postgresParentResource;
        public string DatabaseName { get; } = databaseName;

        public ReferenceExpression ConnectionStringExpression
        {
            get
            {
                var database = new NpgsqlConnectionStringBuilder { Database = DatabaseName };
                return ReferenceExpression.Create($"{Parent};{database.ToString()}");
            }
        }

        public ReferenceExpression UriExpression =>
            ReferenceExpression.Create($"{Parent.UriExpression}/{DatabaseName:uri}");

        IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() =>
            ((IResourceWithConnectionString)Parent).GetConnectionProperties()
                .Where(each => each.Key != "Uri")
                .Append(new("DatabaseName", ReferenceExpression.Create($"{DatabaseName}")))
                .Append(new("Uri", UriExpression));
    }
}

namespace Aspire.Hosting
{
    public static class PostgresBuilderExtensions
    {
        private const string Image = "library/postgres";
        private const string Tag = "17.6";
        private const string Data = "/var/lib/postgresql/data";
        private const int ContainerPort = 5432;

        /// <param name="port">The port on this machine; a free one when not given.</param>
        public static IResourceBuilder<PostgresServerResource> AddPostgres(
            this IDistributedApplicationBuilder builder, string name,
            IResourceBuilder<ParameterResource>? userName = null,
            IResourceBuilder<ParameterResource>? password = null, int? port = null)
        {
            ArgumentNullException.ThrowIfNull(builder);
            var secret = password?.Resource
                ?? ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-password");
            var server = new PostgresServerResource(name, userName?.Resource, secret);
            var key = $"{name}_check";
            builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
                key, new ServerAnswers(server), HealthStatus.Unhealthy, tags: null));

            return builder.AddResource(server)
                .WithEndpoint(port, ContainerPort, name: PostgresServerResource.PrimaryEndpointName)
                .WithImage(Image, Tag).WithImageRegistry("docker.io")
                .WithEnvironment("POSTGRES_HOST_AUTH_METHOD", "scram-sha-256")
                .WithEnvironment(
                    "POSTGRES_INITDB_ARGS", "--auth-host=scram-sha-256 --auth-local=scram-sha-256")
                .WithEnvironment(context =>
                {
                    context.EnvironmentVariables["POSTGRES_USER"] = server.UserNameReference;
                    context.EnvironmentVariables["POSTGRES_PASSWORD"] = server.PasswordParameter;
                })
                .WithHealthCheck(key)
                .OnResourceReady((_, ready, cancellation) => CreateDatabases(server, ready.Services, cancellation));
        }

        /// <param name="databaseName">The name on the server; the resource's own when not given.</param>
        public static IResourceBuilder<PostgresDatabaseResource> AddDatabase(
            this IResourceBuilder<PostgresServerResource> builder, string name, string? databaseName = null)
        {
            var server = builder.Resource;
            var database = new PostgresDatabaseResource(name, databaseName ?? name, server);
            var added = builder.ApplicationBuilder.AddResource(database);
            server.AddDatabase(name, database.DatabaseName);
            var key = $"{name}_check";
            builder.ApplicationBuilder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
                key, new ServerAnswers(database), HealthStatus.Unhealthy, tags: null));
            return added.WithHealthCheck(key);
        }

        public static IResourceBuilder<PostgresServerResource> WithDataVolume(
            this IResourceBuilder<PostgresServerResource> builder, string? name = null, bool isReadOnly = false) =>
            builder.WithVolume(name ?? VolumeNameGenerator.Generate(builder, "data"), Data, isReadOnly);

        public static IResourceBuilder<PostgresServerResource> WithDataBindMount(
            this IResourceBuilder<PostgresServerResource> builder, string source, bool isReadOnly = false) =>
            builder.WithBindMount(source, Data, isReadOnly);

        public static IResourceBuilder<PostgresServerResource> WithHostPort(
            this IResourceBuilder<PostgresServerResource> builder, int? port) =>
            builder.WithEndpoint(PostgresServerResource.PrimaryEndpointName, endpoint => endpoint.Port = port);

        public static IResourceBuilder<PostgresServerResource> WithPassword(
            this IResourceBuilder<PostgresServerResource> builder, IResourceBuilder<ParameterResource> password)
        {
            builder.Resource.PasswordParameter = password.Resource;
            return builder;
        }

        public static IResourceBuilder<PostgresServerResource> WithUserName(
            this IResourceBuilder<PostgresServerResource> builder, IResourceBuilder<ParameterResource> userName)
        {
            builder.Resource.UserNameParameter = userName.Resource;
            return builder;
        }

        private static async Task CreateDatabases(
            PostgresServerResource server, IServiceProvider services, CancellationToken cancellation)
        {
            var log = services.GetRequiredService<ResourceLoggerService>().GetLogger(server);
            await using var connection = new NpgsqlConnection(
                await server.ConnectionStringExpression.GetValueAsync(cancellation));
            await connection.OpenAsync(cancellation);
            foreach (var name in server.Databases.Values)
            {
                try
                {
                    var quoted = new NpgsqlCommandBuilder().QuoteIdentifier(name);
#pragma warning disable CA2100 // The name is quoted; CREATE DATABASE takes no parameters.
                    await using var create = new NpgsqlCommand($"CREATE DATABASE {quoted}", connection);
#pragma warning restore CA2100
                    await create.ExecuteNonQueryAsync(cancellation);
                    log.LogInformation("Created database '{Database}'.", name);
                }
                catch (PostgresException exists) when (exists.SqlState == PostgresErrorCodes.DuplicateDatabase)
                {
                    log.LogDebug("Database '{Database}' already exists.", name);
                }
            }
        }

        private sealed class ServerAnswers(IResourceWithConnectionString resource) : IHealthCheck
        {
            public async Task<HealthCheckResult> CheckHealthAsync(
                HealthCheckContext context, CancellationToken cancellationToken = default)
            {
                try
                {
                    var address = new NpgsqlConnectionStringBuilder(
                        await resource.GetConnectionStringAsync(cancellationToken))
                    { Timeout = 5, Pooling = false };
                    await using var connection = new NpgsqlConnection(address.ConnectionString);
                    await connection.OpenAsync(cancellationToken);
                    await using var command = new NpgsqlCommand("SELECT 1", connection);
                    await command.ExecuteScalarAsync(cancellationToken);
                    return HealthCheckResult.Healthy();
                }
                catch (Exception wrong) when (wrong is NpgsqlException or TimeoutException)
                {
                    return HealthCheckResult.Unhealthy(wrong.Message);
                }
            }
        }
    }
}
