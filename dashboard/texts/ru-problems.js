// Russian: what went wrong. `…` stands for the relay's own words, which are English.

export const problems = {
  "problem.unreachable": "Ретранслятор недоступен.",
  "problem.unauthorized": "Ретранслятор не знает этого токена.",
  "problem.not_allowed": "Этот токен только для чтения. Нужен ADMIN_TOKEN.",
  "problem.not_configured": "Не настроено: ….",
  "problem.unavailable": "Сейчас не получилось. Повторите через минуту.",
  "problem.not_found": "Этого нет: ….",
  "problem.conflict": "Сейчас это невозможно: ….",
  "problem.bad_request": "Ретранслятор этого не принимает: ….",
  "problem.weak_token": "Токен слишком короткий: ….",
  "problem.not_authorised": "Портал не авторизован: ….",
  "problem.portal_unreachable": "Bitrix24 не ответил: ….",
  "problem.other": "{detail} ({code})",
};
