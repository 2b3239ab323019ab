//! What the installer page says, in the portal's language.

/// The texts of the page.
#[derive(Debug, PartialEq, Eq)]
pub struct Texts {
    /// The language, as HTML names it.
    pub code: &'static str,
    pub title: &'static str,
    pub introduction: &'static str,
    /// What each step does.
    pub proven: &'static str,
    pub stored: &'static str,
    pub subscribed: &'static str,
    pub token: &'static str,
    pub finished: &'static str,
    /// How far a step is, for who does not see its sign.
    pub waiting: &'static str,
    pub done: &'static str,
    pub failed: &'static str,
    /// What came of it all, and what to do.
    pub success: &'static str,
    pub refused: &'static str,
    pub not_admin: &'static str,
    pub unreachable: &'static str,
    pub not_subscribed: &'static str,
    pub missing_scopes: &'static str,
    pub not_authorised: &'static str,
    pub no_token: &'static str,
    pub not_finished: &'static str,
    pub no_connection: &'static str,
    pub retry: &'static str,
}

/// The texts for a language as Bitrix24 names it: `la` is the Spanish of Latin America, `br` the Portuguese of Brazil. English for
/// one that is not known.
pub fn texts(language: &str) -> &'static Texts {
    match language.to_ascii_lowercase().get(..2) {
        Some("ru" | "be" | "kz" | "by") => &RUSSIAN,
        Some("de") => &GERMAN,
        Some("es" | "la") => &SPANISH,
        Some("pt" | "br") => &PORTUGUESE,
        _ => &ENGLISH,
    }
}

static ENGLISH: Texts = Texts {
    code: "en",
    title: "Setting up the connection",
    introduction: "This application passes events of your Bitrix24 on to the system of your company.",
    proven: "Check with Bitrix24 that this request is genuine",
    stored: "Keep the permission, encrypted",
    subscribed: "Subscribe to events",
    token: "Receive the key by which events are recognised",
    finished: "Complete the installation",
    waiting: "under way",
    done: "done",
    failed: "failed",
    success: "The installation is complete. Events are on their way.",
    refused: "Bitrix24 does not confirm this request. Close this page and open the application again; if that does not help, remove the application and install it anew.",
    not_admin: "Only an administrator can set up this application. Ask an administrator of your Bitrix24 to open it.",
    unreachable: "Bitrix24 cannot be reached to confirm this request. It is tried again by itself. Come back in some minutes, or try again now.",
    not_subscribed: "Not every event could be subscribed to. Try again; if that does not help, tell whoever runs this application.",
    missing_scopes: "The application lacks these permissions:",
    not_authorised: "Bitrix24 does not accept the permission any more. Close this page and open the application again.",
    no_token: "The key has not arrived yet. It may still come; events are kept until then. Try again in a minute.",
    not_finished: "The installation could not be completed from this page. Open the application inside Bitrix24, as an administrator.",
    no_connection: "There is no connection. Check it, then try again.",
    retry: "Try again",
};

static RUSSIAN: Texts = Texts {
    code: "ru",
    title: "Настройка подключения",
    introduction: "Это приложение передаёт события вашего Битрикс24 в систему вашей компании.",
    proven: "Проверка запроса в Битрикс24",
    stored: "Сохранение разрешения в зашифрованном виде",
    subscribed: "Подписка на события",
    token: "Получение ключа, по которому распознаются события",
    finished: "Завершение установки",
    waiting: "выполняется",
    done: "готово",
    failed: "не удалось",
    success: "Установка завершена. События уже передаются.",
    refused: "Битрикс24 не подтверждает этот запрос. Закройте страницу и откройте приложение снова; если это не поможет, удалите приложение и установите его заново.",
    not_admin: "Настроить это приложение может только администратор. Попросите администратора вашего Битрикс24 открыть его.",
    unreachable: "Не удаётся связаться с Битрикс24, чтобы подтвердить запрос. Попытки продолжаются автоматически. Вернитесь через несколько минут или повторите сейчас.",
    not_subscribed: "Не на все события удалось подписаться. Повторите; если это не поможет, сообщите тем, кто сопровождает приложение.",
    missing_scopes: "Приложению не хватает прав:",
    not_authorised: "Битрикс24 больше не принимает разрешение. Закройте страницу и откройте приложение снова.",
    no_token: "Ключ ещё не пришёл. Он может прийти позже; события до этого хранятся. Повторите через минуту.",
    not_finished: "Не удалось завершить установку с этой страницы. Откройте приложение внутри Битрикс24 от имени администратора.",
    no_connection: "Нет соединения. Проверьте его и повторите.",
    retry: "Повторить",
};

static GERMAN: Texts = Texts {
    code: "de",
    title: "Verbindung wird eingerichtet",
    introduction: "Diese Anwendung gibt Ereignisse aus Ihrem Bitrix24 an das System Ihres Unternehmens weiter.",
    proven: "Bei Bitrix24 prüfen, ob diese Anfrage echt ist",
    stored: "Berechtigung verschlüsselt aufbewahren",
    subscribed: "Ereignisse abonnieren",
    token: "Schlüssel empfangen, an dem Ereignisse erkannt werden",
    finished: "Installation abschließen",
    waiting: "läuft",
    done: "fertig",
    failed: "fehlgeschlagen",
    success: "Die Installation ist abgeschlossen. Ereignisse werden weitergegeben.",
    refused: "Bitrix24 bestätigt diese Anfrage nicht. Schließen Sie die Seite und öffnen Sie die Anwendung erneut; hilft das nicht, entfernen Sie die Anwendung und installieren Sie sie neu.",
    not_admin: "Nur ein Administrator kann diese Anwendung einrichten. Bitten Sie einen Administrator Ihres Bitrix24, sie zu öffnen.",
    unreachable: "Bitrix24 ist nicht erreichbar, um die Anfrage zu bestätigen. Es wird von selbst wieder versucht. Kommen Sie in einigen Minuten wieder, oder versuchen Sie es jetzt noch einmal.",
    not_subscribed: "Nicht alle Ereignisse konnten abonniert werden. Versuchen Sie es noch einmal; hilft das nicht, wenden Sie sich an den Betreiber der Anwendung.",
    missing_scopes: "Der Anwendung fehlen diese Rechte:",
    not_authorised: "Bitrix24 nimmt die Berechtigung nicht mehr an. Schließen Sie die Seite und öffnen Sie die Anwendung erneut.",
    no_token: "Der Schlüssel ist noch nicht da. Er kann noch kommen; bis dahin werden Ereignisse aufbewahrt. Versuchen Sie es in einer Minute noch einmal.",
    not_finished: "Die Installation konnte von dieser Seite aus nicht abgeschlossen werden. Öffnen Sie die Anwendung in Bitrix24 als Administrator.",
    no_connection: "Es besteht keine Verbindung. Prüfen Sie sie und versuchen Sie es noch einmal.",
    retry: "Noch einmal versuchen",
};

static SPANISH: Texts = Texts {
    code: "es",
    title: "Configurando la conexión",
    introduction: "Esta aplicación transmite los eventos de su Bitrix24 al sistema de su empresa.",
    proven: "Comprobar con Bitrix24 que esta solicitud es auténtica",
    stored: "Guardar el permiso cifrado",
    subscribed: "Suscribirse a los eventos",
    token: "Recibir la clave que identifica los eventos",
    finished: "Completar la instalación",
    waiting: "en curso",
    done: "listo",
    failed: "error",
    success: "La instalación está completa. Los eventos ya se transmiten.",
    refused: "Bitrix24 no confirma esta solicitud. Cierre esta página y abra la aplicación de nuevo; si no funciona, elimine la aplicación e instálela otra vez.",
    not_admin: "Solo un administrador puede configurar esta aplicación. Pida a un administrador de su Bitrix24 que la abra.",
    unreachable: "No se puede contactar con Bitrix24 para confirmar la solicitud. Se volverá a intentar automáticamente. Vuelva en unos minutos o inténtelo ahora.",
    not_subscribed: "No fue posible suscribirse a todos los eventos. Inténtelo de nuevo; si no funciona, avise a quien administra la aplicación.",
    missing_scopes: "A la aplicación le faltan estos permisos:",
    not_authorised: "Bitrix24 ya no acepta el permiso. Cierre esta página y abra la aplicación de nuevo.",
    no_token: "La clave aún no ha llegado. Todavía puede llegar; los eventos se conservan hasta entonces. Inténtelo de nuevo en un minuto.",
    not_finished: "La instalación no se pudo completar desde esta página. Abra la aplicación dentro de Bitrix24 como administrador.",
    no_connection: "No hay conexión. Compruébela e inténtelo de nuevo.",
    retry: "Intentar de nuevo",
};

static PORTUGUESE: Texts = Texts {
    code: "pt",
    title: "Configurando a conexão",
    introduction: "Este aplicativo transmite os eventos do seu Bitrix24 ao sistema da sua empresa.",
    proven: "Verificar com o Bitrix24 se esta solicitação é autêntica",
    stored: "Guardar a permissão criptografada",
    subscribed: "Assinar os eventos",
    token: "Receber a chave que identifica os eventos",
    finished: "Concluir a instalação",
    waiting: "em andamento",
    done: "pronto",
    failed: "falhou",
    success: "A instalação foi concluída. Os eventos já estão sendo transmitidos.",
    refused: "O Bitrix24 não confirma esta solicitação. Feche esta página e abra o aplicativo novamente; se não funcionar, remova o aplicativo e instale-o de novo.",
    not_admin: "Somente um administrador pode configurar este aplicativo. Peça a um administrador do seu Bitrix24 que o abra.",
    unreachable: "Não é possível contatar o Bitrix24 para confirmar a solicitação. Uma nova tentativa será feita automaticamente. Volte em alguns minutos ou tente agora.",
    not_subscribed: "Não foi possível assinar todos os eventos. Tente novamente; se não funcionar, avise quem administra o aplicativo.",
    missing_scopes: "Faltam estas permissões ao aplicativo:",
    not_authorised: "O Bitrix24 não aceita mais a permissão. Feche esta página e abra o aplicativo novamente.",
    no_token: "A chave ainda não chegou. Ela ainda pode chegar; os eventos são guardados até lá. Tente novamente em um minuto.",
    not_finished: "A instalação não pôde ser concluída nesta página. Abra o aplicativo dentro do Bitrix24 como administrador.",
    no_connection: "Não há conexão. Verifique-a e tente novamente.",
    retry: "Tentar novamente",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_speaks_the_portals_language_and_english_otherwise() {
        for (language, code) in [
            ("en", "en"),
            ("ru", "ru"),
            ("de", "de"),
            ("la", "es"),
            ("es", "es"),
            ("br", "pt"),
            ("RU", "ru"),
            ("ja", "en"),
            ("", "en"),
            ("é", "en"),
        ] {
            assert_eq!(texts(language).code, code, "{language}");
        }
    }
}
