package sandbox;

import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.binstore.MemoryBinaryStorageSvcImpl;
import ca.uhn.fhir.jpa.config.HapiJpaConfig;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.provider.IJpaSystemProvider;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.jpa.subscription.submit.config.SubscriptionSubmitterConfig;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import jakarta.persistence.EntityManagerFactory;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;
import org.springframework.transaction.annotation.EnableTransactionManagement;

/**
 * A HAPI FHIR JPA server for R4 that keeps its records in H2 and answers on 127.0.0.1 only.
 *
 * <p>run.sh starts it and sets the system properties: {@code sandbox.port} (0: any free one),
 * {@code sandbox.database} (a JDBC URL), {@code sandbox.log} (a file; standard error without it),
 * {@code sandbox.parent} (the process to end with), {@code sandbox.stdin} (end when standard input
 * closes) and {@code sandbox.once} (end when ready).
 */
@Configuration
@EnableTransactionManagement
@Import({
    JpaR4Config.class, HapiJpaConfig.class, JpaBatch2Config.class, Batch2JobsConfig.class,
    ThreadPoolFactoryConfig.class, SubscriptionChannelConfig.class, SubscriptionSubmitterConfig.class,
    PartitionSettings.class, SubscriptionSettings.class, MemoryBinaryStorageSvcImpl.class})
public class HapiServer {

    public static void main(String[] arguments) {
        var out = System.out;
        var err = System.err;
        try {
            var log = System.getProperty("sandbox.log");
            if (log != null) System.setErr(new PrintStream(new FileOutputStream(log, true), true));
            System.setOut(System.err); // standard output says READY and nothing else
            endWithCaller();
            out.println("READY " + start());
            if (Boolean.getBoolean("sandbox.once")) System.exit(0);
        } catch (Exception problem) {
            err.println("The FHIR server did not start: " + ExceptionUtils.getRootCauseMessage(problem));
            System.exit(1);
        }
    }

    /** Starts the server and returns its base address once a search has been answered there. */
    private static String start() throws Exception {
        var jetty = new Server();
        var connector = new ServerConnector(jetty);
        connector.setHost("127.0.0.1");
        connector.setPort(Integer.getInteger("sandbox.port"));
        connector.open(); // a port in use is reported now, not after everything else has started
        jetty.addConnector(connector);

        var context = new AnnotationConfigApplicationContext(HapiServer.class);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try (context) {
                jetty.stop();
            } catch (Exception problem) {
                System.err.println("The FHIR server did not stop cleanly: " + problem);
            }
        }));
        var servlet = new ServletHolder(context.getBean(RestfulServer.class));
        servlet.setInitOrder(0); // at the start, not at the first request
        var servlets = new ServletContextHandler();
        servlets.addServlet(servlet, "/fhir/*");
        jetty.setHandler(servlets);
        jetty.start();

        var base = "http://127.0.0.1:" + connector.getLocalPort() + "/fhir";
        var search = (HttpURLConnection) new URL(base + "/Patient?_count=1").openConnection();
        if (search.getResponseCode() != 200) throw new IOException("a search answers " + search.getResponseMessage());
        return base;
    }

    private static void endWithCaller() {
        var parent = Long.getLong("sandbox.parent");
        if (parent != null) endAfter(() -> {
            while (ProcessHandle.current().parent().filter(now -> now.pid() == parent).isPresent()) Thread.sleep(200);
        });
        if (Boolean.getBoolean("sandbox.stdin")) endAfter(() -> {
            while (System.in.read() >= 0) continue;
        });
    }

    private interface Wait {
        void forTheEnd() throws Exception;
    }

    private static void endAfter(Wait wait) {
        var watch = new Thread(() -> {
            try {
                wait.forTheEnd();
            } catch (Exception problem) {
                System.err.println("The caller can no longer be watched: " + problem);
            }
            System.exit(0);
        });
        watch.setDaemon(true);
        watch.start();
    }

    @Bean
    JpaStorageSettings storageSettings() {
        var settings = new JpaStorageSettings();
        settings.setResourceClientIdStrategy(JpaStorageSettings.ClientIdStrategyEnum.ANY); // digits alone, too
        settings.setEnforceReferentialIntegrityOnWrite(false);
        settings.setEnforceReferentialIntegrityOnDelete(false);
        settings.setAllowExternalReferences(true);
        settings.setAllowMultipleDelete(true);
        settings.setReuseCachedSearchResultsForMillis(null); // every search sees what was just written
        settings.setSearchPreFetchThresholds(List.of(-1)); // a search finds all its matches at once
        settings.setSchedulingDisabled(true);
        settings.setWriteToSearchParamIdentityTable(false); // it only names the hashes of the index
        return settings;
    }

    @Bean(destroyMethod = "close")
    BasicDataSource dataSource() {
        var source = new BasicDataSource();
        source.setUrl(System.getProperty("sandbox.database"));
        source.setMaxTotal(20);
        return source;
    }

    @Bean
    LocalContainerEntityManagerFactoryBean entityManagerFactory(
            DataSource source, ConfigurableListableBeanFactory beans, FhirContext fhir, JpaStorageSettings settings) {
        var factory = HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, fhir, settings);
        factory.setPersistenceUnitName("fhir");
        factory.setDataSource(source);
        factory.setJpaPropertyMap(Map.of(
            "hibernate.dialect", HapiFhirH2Dialect.class.getName(),
            "hibernate.hbm2ddl.auto", "update",
            "hibernate.jdbc.batch_size", "20",
            "hibernate.query.mutation_strategy.global_temporary.create_tables", "false", // nothing uses them
            "hibernate.search.enabled", "false"));
        return factory;
    }

    @Bean
    JpaTransactionManager transactionManager(EntityManagerFactory factory) {
        return new JpaTransactionManager(factory);
    }

    @Bean
    RestfulServer restfulServer(
            FhirContext fhir, ResourceProviderFactory resources, IJpaSystemProvider system, IFhirSystemDao<?, ?> dao,
            JpaStorageSettings settings, ISearchParamRegistry parameters, DatabaseBackedPagingProvider paging) {
        var server = new RestfulServer(fhir);
        server.registerProviders(resources.createProviders());
        server.registerProvider(system);
        server.setServerConformanceProvider( // without profiles: to list them takes seconds
            new JpaCapabilityStatementProvider(server, dao, settings, parameters, null));
        paging.setDefaultPageSize(20); // the page sizes of the published container image
        paging.setMaximumPageSize(Integer.MAX_VALUE);
        server.setPagingProvider(paging);
        server.setDefaultResponseEncoding(EncodingEnum.JSON);
        return server;
    }
}
